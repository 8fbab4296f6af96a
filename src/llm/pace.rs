//! How many threads the next step of a model takes. Pure: told what steps cost, it says what to try.
//!
//! Threads of ggml wait for each other by spinning. On idle cores two of them are up to twice as fast as one; when
//! something else runs there, they are tens of times slower (measured: 21 tokens a second on one thread, one token in
//! two seconds on two, with ten other processes on two cores). So neither number is right for a machine: both are
//! measured while they work, and the loser is tried again ever more rarely.

/// Steps after which the loser is tried again, at first and at most.
const FIRST_WAIT: u32 = 32;
const LONGEST_WAIT: u32 = 2048;
/// Weight of the newest step in the average cost.
const NEWEST: f64 = 0.3;

/// Chooses between one thread and the most allowed.
#[derive(Debug, Clone)]
pub struct Pace {
    most: u32,
    /// Average cost of a token on one thread and on the most, in any unit.
    cost: [Option<f64>; 2],
    /// Which of the two is in use.
    many: bool,
    /// Steps until the other one is tried.
    left: u32,
    wait: u32,
}

impl Pace {
    /// Starts on one thread, which is never catastrophic, and tries `most` in the second step.
    pub fn new(most: u32) -> Self {
        Self { most: most.max(1), cost: [None; 2], many: false, left: 1, wait: FIRST_WAIT }
    }

    /// Threads for the next step.
    pub fn threads(&self) -> u32 {
        if self.many { self.most } else { 1 }
    }

    /// Average cost of a token on the better of the two, once there is one.
    pub fn cost(&self) -> Option<f64> {
        let [one, many] = self.cost;
        one.into_iter().chain(many).min_by(f64::total_cmp)
    }

    /// Takes the cost of a token in the step that just ended, which used [`Self::threads`].
    pub fn report(&mut self, cost: f64) {
        if self.most == 1 {
            return;
        }
        let used = usize::from(self.many);
        let probing = self.left == 0;
        self.cost[used] = Some(match self.cost[used] {
            // A probe is news; a step among others is one more of them.
            Some(average) if !probing => average + NEWEST * (cost - average),
            _ => cost,
        });
        let best = match self.cost {
            [Some(one), Some(many)] => many < one,
            _ => self.many,
        };
        if probing {
            let lost = best != self.many;
            self.wait = if lost { (self.wait * 2).min(LONGEST_WAIT) } else { FIRST_WAIT };
            self.left = self.wait;
            self.many = best;
        } else if best != self.many {
            // What made it slow may be over in a moment.
            self.many = best;
            self.wait = FIRST_WAIT;
            self.left = FIRST_WAIT;
        } else {
            self.left -= 1;
            if self.left == 0 {
                self.many = !self.many;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs steps with the given cost on one and on two threads; gives the number of steps on two.
    fn run(pace: &mut Pace, steps: u32, costs: [f64; 2]) -> u32 {
        let mut on_two = 0;
        for _ in 0..steps {
            let two = pace.threads() == 2;
            on_two += u32::from(two);
            pace.report(costs[usize::from(two)]);
        }
        on_two
    }

    #[test]
    fn on_idle_cores_more_threads_win_from_the_second_step_on() {
        let mut pace = Pace::new(2);
        assert_eq!(pace.threads(), 1);
        let on_two = run(&mut pace, 200, [10.0, 6.0]);
        assert!((190..199).contains(&on_two), "{on_two}");
    }

    #[test]
    fn on_busy_cores_more_threads_are_tried_ever_more_rarely() {
        let mut pace = Pace::new(2);
        assert_eq!(run(&mut pace, 1000, [40.0, 2500.0]), 5);
    }

    #[test]
    fn when_cores_get_busy_one_slow_step_is_enough_and_later_it_comes_back() {
        let mut pace = Pace::new(2);
        run(&mut pace, 50, [10.0, 6.0]);
        assert!(run(&mut pace, 30, [40.0, 2500.0]) <= 2);
        assert!(run(&mut pace, 300, [10.0, 6.0]) > 150);
    }

    #[test]
    fn one_slow_step_after_a_long_quiet_time_costs_few_more() {
        let mut pace = Pace::new(2);
        run(&mut pace, 5_000, [10.0, 6.0]);
        while pace.threads() == 1 {
            pace.report(10.0);
        }
        pace.report(200.0);
        assert_eq!(pace.threads(), 1);
        assert!(run(&mut pace, 200, [10.0, 6.0]) > 150);
    }

    #[test]
    fn one_thread_stays_one() {
        let mut pace = Pace::new(1);
        assert_eq!(run(&mut pace, 100, [10.0, 1.0]), 0);
    }
}
