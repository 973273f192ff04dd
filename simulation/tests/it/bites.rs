//! Planted bugs, each found within a stated number of seeds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use simulation::planted::{FOUND, Planted, first_breaking};

#[test]
fn every_planted_bug_is_found_within_its_seeds() {
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((planted, within, invariant)) = FOUND.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    if first_breaking(*planted, *within, invariant).is_none() {
                        let miss = format!("{planted} broke `{invariant}` in none of {within} seeds");
                        missed.lock().unwrap().push(miss);
                    }
                }
            });
        }
    });
    assert_eq!(missed.into_inner().unwrap(), Vec::<String>::new());
}

#[test]
fn every_bug_that_can_be_planted_must_be_found() {
    let looked_for: Vec<Planted> = FOUND.iter().map(|(planted, ..)| *planted).collect();
    assert_eq!(looked_for, Planted::ALL);
}
