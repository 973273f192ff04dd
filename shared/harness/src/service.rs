//! A service with threads that does what a script says.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Audience, Comment, InternalNotes, Mark, Proof, Publisher, ServiceError, ServiceFailure, Target,
    ThreadState, Timestamp,
};

/// The login of our own account there.
pub const LOGIN: &str = "afterhook";

/// What the scripted service does with the next comment.
#[derive(Clone)]
pub enum Post {
    /// Creates it and answers.
    Create,
    /// Creates it, and the answer is lost.
    Lost,
    /// Creates it, and answers that it failed.
    LostTo(ServiceFailure),
    /// Does not create it.
    Refuse(ServiceFailure),
    /// Creates it and never answers.
    CreateAndHang,
    /// Does neither.
    Hang,
}

/// A service with threads that takes every comment, and does what a script says.
#[derive(Default)]
pub struct ScriptedService {
    /// What becomes of the next comments.
    pub posts: Mutex<VecDeque<Post>>,
    /// What was published, each with its mark.
    pub comments: Mutex<Vec<(String, String)>>,
    /// Where they were posted.
    pub targets: Mutex<Vec<Target>>,
    /// What the thread has said before.
    pub history: Mutex<Vec<Comment>>,
    /// Whether nobody can say who we are.
    pub login_fails: Mutex<bool>,
    /// The thread's present state.
    pub state: Mutex<ThreadState>,
    /// What the next questions for the state fail with.
    pub state_fails: Mutex<Vec<ServiceFailure>>,
    /// How often the state was asked for.
    pub states: AtomicUsize,
    /// What every search for a comment of ours fails with.
    pub finds_fail: Mutex<Option<ServiceFailure>>,
    /// Whether it knows a comment that is published again.
    pub knows_repetitions: Mutex<bool>,
    /// Whether it has notes among the staff.
    pub has_notes: Mutex<bool>,
    /// What was noted among the staff, with its mark.
    pub notes: Mutex<Vec<(String, String)>>,
    /// Who can see the comment that is asked about, by its word.
    pub audience: Mutex<Option<Audience>>,
    /// Comments that have become notes among the staff.
    pub noted: Mutex<Vec<String>>,
    /// How long history and state take each.
    pub slow_reads: Mutex<Duration>,
    /// How long the next questions for the login take, the last one first.
    pub slow_login: Mutex<Vec<Duration>>,
}

fn failure(failure: ServiceFailure) -> ServiceError {
    ServiceError { service: "github", operation: "create a comment", failure, message: "scripted".to_owned() }
}

#[async_trait]
impl Publisher for ScriptedService {
    async fn login(&self) -> Result<String, ServiceError> {
        if *self.login_fails.lock().unwrap() {
            return Err(failure(ServiceFailure::Later { after: None }));
        }
        let slow = self.slow_login.lock().unwrap().pop();
        tokio::time::sleep(slow.unwrap_or_default()).await;
        Ok(LOGIN.to_owned())
    }

    async fn state(&self, _: &Target) -> Result<ThreadState, ServiceError> {
        self.states.fetch_add(1, Ordering::SeqCst);
        let slow = *self.slow_reads.lock().unwrap();
        tokio::time::sleep(slow).await;
        match self.state_fails.lock().unwrap().pop() {
            Some(why) => Err(failure(why)),
            None => Ok(*self.state.lock().unwrap()),
        }
    }

    async fn history(&self, _: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        let slow = *self.slow_reads.lock().unwrap();
        tokio::time::sleep(slow).await;
        let all = self.history.lock().unwrap();
        Ok(all.iter().rev().take(limit).rev().cloned().collect())
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let next = self.posts.lock().unwrap().pop_front().unwrap_or(Post::Create);
        if let Post::Refuse(why) = next {
            return Err(failure(why));
        }
        if matches!(next, Post::Hang) {
            return std::future::pending().await;
        }
        self.targets.lock().unwrap().push(target.clone());
        let id = {
            let mut comments = self.comments.lock().unwrap();
            comments.push((text.to_owned(), mark.to_string()));
            comments.len().to_string()
        };
        match next {
            Post::Lost => Err(failure(ServiceFailure::InDoubt)),
            Post::LostTo(why) => Err(failure(why)),
            Post::CreateAndHang => std::future::pending().await,
            Post::Create | Post::Refuse(_) | Post::Hang => {
                Ok(Proof { url: Some(format!("https://github.com/comment/{id}")), id })
            }
        }
    }

    async fn find(&self, _: &Target, mark: &Mark, _: Timestamp) -> Result<Option<Proof>, ServiceError> {
        if let Some(why) = *self.finds_fail.lock().unwrap() {
            return Err(failure(why));
        }
        let comments = [self.comments.lock().unwrap().clone(), self.notes.lock().unwrap().clone()].concat();
        let place = comments.iter().position(|(_, known)| *known == mark.to_string());
        Ok(place.map(|place| Proof { id: (place + 1).to_string(), url: None }))
    }

    fn knows_repetitions(&self) -> bool {
        *self.knows_repetitions.lock().unwrap()
    }

    fn internal_notes(&self) -> Option<&dyn InternalNotes> {
        (*self.has_notes.lock().unwrap()).then_some(self as &dyn InternalNotes)
    }
}

#[async_trait]
impl InternalNotes for ScriptedService {
    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        Publisher::history(self, target, limit).await
    }

    async fn publish(&self, _: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let next = self.posts.lock().unwrap().pop_front().unwrap_or(Post::Create);
        self.notes.lock().unwrap().push((text.to_owned(), mark.to_string()));
        match next {
            Post::Create => Ok(Proof { id: "note".to_owned(), url: None }),
            _ => Err(failure(ServiceFailure::InDoubt)),
        }
    }

    async fn audience(&self, _: &Target, comment: &str) -> Result<Option<Audience>, ServiceError> {
        if self.noted.lock().unwrap().iter().any(|noted| noted == comment) {
            return Ok(Some(Audience::Internal));
        }
        Ok(*self.audience.lock().unwrap())
    }
}
