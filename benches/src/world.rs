//! The stand-ins for Gemini and GitHub on a thread of this process, so that what they saw can be
//! counted, and so that they take no turn on the runtime that is measured.

use std::net::{Ipv4Addr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::Clock;
use standins::gemini::{self, GeminiStandin, Latency};
use standins::github::GithubStandin;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::Outcome;
use crate::github_event::{OWNER, REPO};

/// The stand-ins, and where they are. They stop when this is dropped.
pub(crate) struct World {
    pub(crate) github: GithubStandin,
    pub(crate) gemini: GeminiStandin,
    pub(crate) github_url: String,
    pub(crate) gemini_url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Issues by the number of their comments.
#[derive(Default)]
pub(crate) struct Answered {
    pub(crate) never: usize,
    pub(crate) once: usize,
    pub(crate) doubled: usize,
}

impl World {
    /// Starts them; the model thinks for `latency`.
    pub(crate) fn start(latency: Duration) -> Outcome<Self> {
        let gemini = GeminiStandin::builder().keep_requests(0).latency(Latency::Fixed(latency));
        Self::with(gemini, &Clock::system())
    }

    /// Starts them with a model of this behaviour, both on `clock`.
    pub(crate) fn with(gemini: gemini::Builder, clock: &Clock) -> Outcome<Self> {
        let github = GithubStandin::builder().keep_requests(0).clock(clock.clone()).build()?;
        let gemini = gemini.clock(clock.clone()).build();
        let (github_socket, github_url) = listen()?;
        let (gemini_socket, gemini_url) = listen()?;
        let (stop, stopped) = oneshot::channel();
        let served = (github.clone(), gemini.clone());
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::spawn(move || {
            let (github, gemini) = served;
            runtime.block_on(async move {
                tokio::select! {
                    problem = serve_github(&github, github_socket) => tell("GitHub", problem),
                    problem = serve_gemini(&gemini, gemini_socket) => tell("Gemini", problem),
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { github, gemini, github_url, gemini_url, stop: Some(stop), thread: Some(thread) })
    }

    /// Of the issues `numbers`, how many have no comment, one, and more than one.
    pub(crate) fn answered(&self, numbers: impl IntoIterator<Item = u64>) -> Answered {
        let mut answered = Answered::default();
        for comments in self.comments(numbers) {
            match comments {
                0 => answered.never += 1,
                1 => answered.once += 1,
                _ => answered.doubled += 1,
            }
        }
        answered
    }

    /// How many comments each of the issues has.
    pub(crate) fn comments(&self, numbers: impl IntoIterator<Item = u64>) -> Vec<usize> {
        numbers.into_iter().map(|number| self.github.comments(OWNER, REPO, number).len()).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the thread of the stand-ins panicked");
        }
    }
}

async fn serve_github(standin: &GithubStandin, socket: TcpListener) -> std::io::Result<()> {
    standin.serve(tokio::net::TcpListener::from_std(socket)?).await
}

async fn serve_gemini(standin: &GeminiStandin, socket: TcpListener) -> std::io::Result<()> {
    standin.serve(tokio::net::TcpListener::from_std(socket)?).await
}

fn tell(name: &str, served: std::io::Result<()>) {
    if let Err(problem) = served {
        eprintln!("the stand-in for {name} stopped: {problem}");
    }
}

fn listen() -> Outcome<(TcpListener, String)> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    let url = format!("http://{}", socket.local_addr()?);
    Ok((socket, url))
}
