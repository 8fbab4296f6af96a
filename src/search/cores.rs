//! Brief computations that several cores share, over before they answer.

use std::{
    panic::resume_unwind,
    sync::{LazyLock, Mutex, PoisonError},
    thread,
};

/// Threads at most, the calling one among them: more of them wait for the memory and not for each other.
const MOST: usize = 4;

/// To ask the system takes long enough to be felt.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));

/// Does each of `jobs`, on up to `n_threads` threads that take one after the other, and answers in any order. To begin a
/// thread takes some thirty microseconds: what is shared out should take many times that.
///
/// # Panics
/// When `work` does.
pub fn share_out<J: Send, T: Send>(
    jobs: impl Iterator<Item = J> + Send,
    n_threads: usize,
    work: impl Fn(J) -> T + Sync,
) -> Vec<T> {
    let jobs = Mutex::new(jobs);
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take = || std::iter::from_fn(next).map(&work).collect::<Vec<T>>();
    if n_threads < 2 {
        return take();
    }
    thread::scope(|scope| {
        let begin = |_| thread::Builder::new().name("share".to_owned()).spawn_scoped(scope, take);
        // Where the system gives no more threads, those that are there do it all.
        let beside: Vec<_> = (1..n_threads.min(*CORES).min(MOST)).map_while(|n| begin(n).ok()).collect();
        let mut done = take();
        for beside in beside {
            done.extend(beside.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_is_done_once_by_however_many() {
        for n_threads in [0, 1, 2, 9] {
            let mut done = share_out(0..100, n_threads, |number| number * 2);
            done.sort_unstable();
            assert_eq!(done, (0..100).map(|number| number * 2).collect::<Vec<_>>());
            assert!(share_out(0..0, n_threads, |number: i32| number).is_empty());
        }
    }

    #[test]
    #[should_panic(expected = "job 7")]
    fn a_panic_is_not_lost() {
        share_out(0..20, 2, |number| assert_ne!(number, 7, "job 7"));
    }
}
