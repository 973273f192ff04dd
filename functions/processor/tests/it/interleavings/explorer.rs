//! The walk over every course of events: depth first, and on only from states that were not seen before.
//!
//! Futures cannot be copied, so the way to a choice is gone once more for each of its alternatives: from the
//! last lull before it, and without finding out anew what is known about the states on the way.

use std::collections::HashSet;
use std::rc::Rc;

use super::game::{Action, Game, Key, Lull, Setup};
use super::world::Known;

/// What an exploration saw.
#[derive(Debug, Default)]
pub(super) struct Explored {
    pub(super) states: usize,
    pub(super) ends: usize,
    pub(super) published: usize,
    pub(super) rejected: usize,
    pub(super) expired: usize,
}

/// Where a course was at a lull, and how many actions had led there.
type Since = (Rc<Lull>, usize);

/// An alternative that was put off.
struct Fork {
    since: Since,
    /// All actions before it, and what was known after them.
    path: Vec<Action>,
    known: Known,
    choice: Action,
}

struct Explorer<'s> {
    setup: &'s Setup,
    seen: HashSet<Key>,
    open: Vec<Fork>,
}

/// Walks every course of events, and has each of its ends checked.
pub(super) fn explore(
    setup: &Setup,
    check: impl Fn(&Setup, &mut Game<'_>, &[Action], &mut Explored),
) -> Explored {
    let mut explorer = Explorer { setup, seen: HashSet::new(), open: Vec::new() };
    let mut explored = Explored::default();
    let start = Lull::start(setup);
    let mut next = Some((Game::resume(setup, &start), Vec::new(), (Rc::new(start), 0)));
    while let Some((mut game, mut path, since)) = next {
        if explorer.walk(&mut game, &mut path, since) {
            explored.ends += 1;
            check(setup, &mut game, &path, &mut explored);
        }
        next = explorer.open.pop().map(|fork| fork.take(setup));
    }
    explored.states = explorer.seen.len();
    explored
}

impl Explorer<'_> {
    /// Goes on with the first of all choices until nothing more can happen (then it is true) or the rest is
    /// known, and puts off the other choices.
    fn walk(&mut self, game: &mut Game<'_>, path: &mut Vec<Action>, mut since: Since) -> bool {
        while self.seen.insert(game.key()) {
            if let Some(lull) = game.lull() {
                since = (Rc::new(lull), path.len());
            }
            let enabled = game.enabled();
            let Some((first, others)) = enabled.split_first() else { return true };
            let known = self.setup.world.state().known();
            let fork =
                |choice: &Action| Fork { since: since.clone(), path: path.clone(), known, choice: *choice };
            self.open.extend(others.iter().map(fork));
            game.act(*first);
            path.push(*first);
        }
        false
    }
}

impl Fork {
    /// The course in which this was chosen.
    fn take(self, setup: &Setup) -> (Game<'_>, Vec<Action>, Since) {
        let Self { since, mut path, known, choice } = self;
        let mut game = Game::resume(setup, &since.0);
        game.replay(&path[since.1..], known);
        game.act(choice);
        path.push(choice);
        (game, path, since)
    }
}
