//! Measuring several things in turn, so that a load on the machine falls on all of them.

use std::fmt;
use std::time::{Duration, Instant};

use crate::repository::Failure;

/// One thing to measure: it does its work once per call.
pub(super) type Measured<'a> = &'a mut dyn FnMut() -> Result<(), Failure>;

/// The times of the runs of one thing, sorted.
#[derive(Clone, Debug)]
pub(super) struct Times(Vec<Duration>);

/// Runs each thing once to warm the caches, then all of them in turn, `runs` times.
pub(super) fn in_turn<const N: usize>(
    runs: usize,
    mut things: [Measured<'_>; N],
) -> Result<[Times; N], Failure> {
    let mut times = [const { vec![] }; N];
    for run in 0..=runs {
        for (thing, times) in things.iter_mut().zip(&mut times) {
            let start = Instant::now();
            thing()?;
            if run > 0 {
                times.push(start.elapsed());
            }
        }
    }
    Ok(times.map(|mut times| {
        times.sort();
        Times(times)
    }))
}

impl Times {
    /// The middle run, in seconds.
    pub(super) fn median(&self) -> f64 {
        self.0[self.0.len() / 2].as_secs_f64()
    }

    /// The fastest run, in seconds: what a load on the machine disturbs least.
    pub(super) fn fastest(&self) -> f64 {
        self.0[0].as_secs_f64()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fastest, median) = (self.fastest(), self.median());
        let slowest = self.0[self.0.len() - 1].as_secs_f64();
        write!(f, "min {fastest:.3}  median {median:.3}  max {slowest:.3} s  ({} runs)", self.0.len())
    }
}

/// Shows one line: what, and its times.
pub(super) fn show(what: &str, times: &Times) {
    println!("  {what:<44} {times}");
}

/// Shows one line: what, a number, and the number to reach.
pub(super) fn show_result(what: &str, value: f64, unit: &str, aim: &str) {
    println!("  {what:<44} {value:.3}{unit}  (to reach: {aim})");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_runs_once_more_than_it_is_counted() {
        let (mut a, mut b) = (0, 0);
        let [times, _] = in_turn(
            5,
            [
                &mut || {
                    a += 1;
                    Ok(())
                },
                &mut || {
                    b += 1;
                    Ok(())
                },
            ],
        )
        .expect("both succeed");
        assert_eq!((a, b, times.0.len()), (6, 6, 5));
    }
}
