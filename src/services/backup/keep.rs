//! Which backups are kept.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};

/// Days, weeks and months of which the newest backup is kept.
const DAYS: usize = 7;
const WEEKS: usize = 4;
const MONTHS: usize = 12;

/// The backups (times in milliseconds since 1970) that may go: all but the newest of each of the last 7 days, 4 weeks
/// and 12 months in which there is one. Days are those of UTC. The newest of all always stays.
pub fn surplus(made: &[i64]) -> Vec<i64> {
    let mut newest_first = made.to_vec();
    newest_first.sort_unstable_by(|left, right| right.cmp(left));
    let mut kept = BTreeSet::new();
    let civil = |at: i64| Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    keep(&newest_first, DAYS, &mut kept, |at| {
        let date = civil(at);
        (i32::from(date.year()), i32::from(date.day_of_year()))
    });
    keep(&newest_first, WEEKS, &mut kept, |at| {
        let week = civil(at).iso_week_date();
        (i32::from(week.year()), i32::from(week.week()))
    });
    keep(&newest_first, MONTHS, &mut kept, |at| {
        let date = civil(at);
        (i32::from(date.year()), i32::from(date.month()))
    });
    newest_first.retain(|at| !kept.contains(at));
    newest_first
}

/// Keeps the first backup of each of the first `count` spans.
fn keep(newest_first: &[i64], count: usize, kept: &mut BTreeSet<i64>, span_of: impl Fn(i64) -> (i32, i32)) {
    let mut spans = BTreeSet::new();
    for at in newest_first {
        if spans.len() == count && !spans.contains(&span_of(*at)) {
            break;
        }
        if spans.insert(span_of(*at)) {
            kept.insert(*at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    /// Monday 2026-01-05, noon.
    const MONDAY: i64 = 1_767_614_400_000;

    #[test]
    fn seven_days_four_weeks_and_twelve_months_are_kept() {
        // Two backups a day for two years, thinned after each as the program does.
        let mut made = Vec::new();
        for half_day in 0..2 * 730 {
            made.push(MONDAY + half_day * DAY / 2);
            for gone in surplus(&made) {
                made.retain(|at| *at != gone);
            }
        }
        let last = *made.last().unwrap();
        let age = |at: &i64| (last - at) / DAY;
        assert_eq!(made.iter().filter(|at| age(at) < 7).count(), 7, "one of each of the last days");
        assert!((18..=7 + 4 + 12).contains(&made.len()), "{}", made.len());
        assert!(age(&made[0]) > 300, "the oldest is that of the twelfth month: {}", age(&made[0]));
        assert!(surplus(&made).is_empty());
    }

    #[test]
    fn the_newest_stays_however_old_it_is() {
        assert!(surplus(&[]).is_empty());
        assert!(surplus(&[0]).is_empty());
        assert_eq!(surplus(&[1, 2, 3]), [2, 1]);
    }

    #[test]
    fn a_gap_does_not_cost_earlier_backups() {
        let made: Vec<i64> = (0..7).map(|week| MONDAY + 7 * week * DAY).collect();
        assert!(surplus(&made).is_empty(), "seven days on which there is one");
    }
}
