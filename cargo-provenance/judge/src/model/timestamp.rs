//! Points in time as documents write them: RFC 3339 in UTC, `YYYY-MM-DDTHH:MM:SSZ`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Date;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Reads a time in UTC; fractions of a second are left out.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let parts = time.split(':').collect::<Vec<_>>();
        let [hour, minute, second] = parts[..] else { return None };
        let number = |text: &str, below: u64| {
            let number = (text.len() == 2 && digits(text)).then(|| text.parse::<u64>().ok())??;
            (number < below).then_some(number)
        };
        if !digits(fraction) {
            return None;
        }
        let day = Date::parse(day)?.days_since(Date::of_seconds(0));
        let seconds = number(hour, 24)? * 3_600 + number(minute, 60)? * 60 + number(second, 60)?;
        Some(Self(u64::try_from(day).ok()? * 86_400 + seconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day = self.0 % 86_400;
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}Z", Date::of_seconds(self.0))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("expected a time, `YYYY-MM-DDTHH:MM:SSZ`"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_that_are_none_are_refused() {
        assert_eq!(Timestamp::parse("2026-11-23T01:02:03.999Z"), Timestamp::parse("2026-11-23T01:02:03Z"));
        for bad in [
            "2026-11-23",
            "2026-11-23T01:02:03",
            "2026-11-23T01:02:03+00:00",
            "2026-11-23t01:02:03Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T01:60:00Z",
            "2026-11-23T01:02:60Z",
            "2026-11-23T1:02:03Z",
            "2026-11-23T01:02:03.Z",
            "2026-11-23T01:02:03.1.2Z",
            "2026-02-30T01:02:03Z",
            "2026-11-23T01:02:0\u{663}Z",
            "TZ",
        ] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn times_read_back_as_written(seconds in 0..253_402_300_800_u64, text in "\\PC*") {
            prop_assert_eq!(Timestamp::parse(&Timestamp(seconds).to_string()), Some(Timestamp(seconds)));
            let _ = Timestamp::parse(&text);
        }
    }
}
