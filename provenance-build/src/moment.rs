//! Points in time as manifests, policies and keys name them, all of them UTC.
//!
//! They are compared with the clock of whoever verifies, never with a time that the judged thing brings along.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Moment {
    /// The moment of a clock; one that stands before 1970 is taken for 1970.
    pub fn of(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// The beginning of a day of the calendar, `YYYY-MM-DD`, of the years 1970 to 9999.
    pub fn day(text: &str) -> Option<Self> {
        let parts = text.split('-').collect::<Vec<_>>();
        if parts.iter().map(|part| part.len()).ne([4, 2, 2]) {
            return None;
        }
        Self::civil(number(parts[0])?, number(parts[1])?, number(parts[2])?)
    }

    /// The first moment after a day of the calendar.
    pub fn day_after(text: &str) -> Option<Self> {
        Self::day(text).map(|day| Self(day.0 + DAY))
    }

    /// A time as `allowed_signers` has it (ssh-keygen(1), "ALLOWED SIGNERS"): `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, maybe
    /// with a `Z`. Without it OpenSSH means the time zone of the machine; here a line means the same everywhere.
    #[cfg(feature = "signatures")]
    pub fn of_signers(text: &str) -> Option<Self> {
        let text = text.strip_suffix('Z').unwrap_or(text);
        if !matches!(text.len(), 8 | 12 | 14) {
            return None;
        }
        let part =
            |from: usize, to: usize| if from < text.len() { number(text.get(from..to)?) } else { Some(0) };
        let day = Self::civil(part(0, 4)?, part(4, 6)?, part(6, 8)?)?;
        let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
        (hour < 24 && minute < 60 && second < 60)
            .then(|| Self(day.0 + u64::from(hour * 3_600 + minute * 60 + second)))
    }

    fn civil(year: u32, month: u32, day: u32) -> Option<Self> {
        let is_leap = |year: u32| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = |month: u32| match month {
            2 => 28 + u32::from(is_leap(year)),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=days(month)).contains(&day) {
            return None;
        }
        let years = (1970..year).map(|year| 365 + u32::from(is_leap(year))).sum::<u32>();
        let months = (1..month).map(days).sum::<u32>();
        Some(Self(u64::from(years + months + day - 1) * DAY))
    }
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        for (text, days) in [
            ("1970-01-01", Some(0)),
            ("1972-03-01", Some(790)),
            ("2000-02-29", Some(11_016)),
            ("2026-11-23", Some(20_780)),
            ("9999-12-31", Some(2_932_896)),
            ("1969-12-31", None),
            ("2026-02-29", None),
            ("2100-02-29", None),
            ("2026-00-10", None),
            ("2026-13-01", None),
            ("2026-10-00", None),
            ("2026-1-01", None),
            ("+026-01-01", None),
            ("2026-01-01-", None),
            ("2026-01-0\u{663}", None),
            ("--", None),
        ] {
            assert_eq!(Moment::day(text), days.map(|days| Moment(days * DAY)), "{text}");
        }
        assert_eq!(Moment::day_after("1970-01-01"), Some(Moment(DAY)));
    }

    #[test]
    #[cfg(feature = "signatures")]
    fn times_of_signers_are_utc() {
        let day = 20_780 * DAY;
        for (text, seconds) in [
            ("20261123", Some(0)),
            ("20261123Z", Some(0)),
            ("202611230102Z", Some(3_720)),
            ("20261123010203", Some(3_723)),
            ("2026112301", None),
            ("20261123240000", None),
            ("20261131", None),
            ("2026-11-", None),
            ("2026112\u{e9}", None),
            ("", None),
        ] {
            assert_eq!(Moment::of_signers(text), seconds.map(|seconds| Moment(day + seconds)), "{text}");
        }
    }
}
