//! When a proof was made: RFC 3339 with any offset, and down to the nanosecond, for the later of two counts.

use std::fmt;

use crate::model::Date;

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    // Since 1970-01-01T00:00:00Z, which an offset may lead before.
    seconds: i64,
    nanos: u32,
}

impl Instant {
    /// Reads `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.split_once('T')?;
        let day = Date::parse(day)?.days_since(Date::of_seconds(0));
        let (time, offset) = match time.strip_suffix('Z') {
            Some(time) => (time, 0),
            None => {
                let (time, offset) = time.split_at_checked(time.len().checked_sub(6)?)?;
                let (hours, minutes) = offset.get(1..)?.split_once(':')?;
                let east = number(hours, 24)? * 3_600 + number(minutes, 60)? * 60;
                match offset.as_bytes()[0] {
                    b'+' => (time, east),
                    b'-' => (time, -east),
                    _ => return None,
                }
            }
        };
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let is_fraction = matches!(fraction.len(), 1..=9) && fraction.bytes().all(|b| b.is_ascii_digit());
        let nanos = is_fraction.then(|| format!("{fraction:0<9}").parse().ok())??;
        let mut parts = time.split(':');
        let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
        // A leap second is the one after for everything that is decided here.
        let of_day = number(hour, 24)? * 3_600 + number(minute, 60)? * 60 + number(second, 61)?;
        parts.next().is_none().then_some(Self { seconds: day * 86_400 + of_day - offset, nanos })
    }
}

fn number(text: &str, below: i64) -> Option<i64> {
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse::<i64>().ok())??;
    (number < below).then_some(number)
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Date::of_seconds(u64::try_from(self.seconds).unwrap_or_default()).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_later_of_two_is_found_across_time_zones() {
        let sorted = [
            "1970-01-01T00:00:00+01:00",
            "2019-04-13T00:04:16.625524407-07:00",
            "2019-04-13T07:04:16.625524408Z",
            "2026-04-06T05:00:23+00:00",
            "2026-04-06T05:00:23.1+00:00",
            "2026-04-06T05:00:23-00:01",
        ];
        let instants = sorted.map(|text| Instant::parse(text).expect(text));
        assert!(instants.windows(2).all(|pair| pair[0] < pair[1]), "{instants:?}");
        assert_eq!(instants[3].to_string(), "2026-04-06");
        for bad in [
            "",
            "2026-04-06",
            "2026-04-06T05:00:23",
            "2026-04-06 05:00:23Z",
            "2026-02-30T05:00:23Z",
            "2026-04-06T24:00:23Z",
            "2026-04-06T05:00:23.Z",
            "2026-04-06T05:00:23.1234567890Z",
            "2026-04-06T05:00:23*00:00",
            "2026-04-06T05:00:23+1é:00",
            "2026-04-06T05:00:23:00Z",
        ] {
            assert_eq!(Instant::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[0-9TZ:.+é-]{0,40}") {
            let _ = Instant::parse(&text);
        }
    }
}
