//! Points in time as OpenVEX writes them: RFC 3339, with a fraction and any offset.

use crate::model::Date;

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i128);

impl Moment {
    /// Reads `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)` (RFC 3339, section 5.6).
    pub fn parse(text: &str) -> Option<Self> {
        if !text.is_ascii() || text.len() < 20 || text.len() > 64 {
            return None;
        }
        let (day, rest) = (Date::parse(&text[..10])?, &text[10..]);
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (time, rest) = rest.split_at_checked(8)?;
        let [hour, minute, second] = clock(time)?;
        let (fraction, zone) = match rest.strip_prefix('.') {
            None => (0, rest),
            Some(rest) => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                let (fraction, zone) = rest.split_at(digits);
                let nanoseconds = format!("{:0<9}", fraction.get(..9).unwrap_or(fraction));
                ((digits > 0).then(|| nanoseconds.parse::<i128>().ok())??, zone)
            }
        };
        let offset = match zone.as_bytes() {
            [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), ..] => {
                let [hours, minutes, _] = clock(&format!("{}:00", &zone[1..]))?;
                (hours * 3_600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return None,
        };
        let days = i128::from(day.days_since(Date::of_seconds(0)));
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset;
        Some(Self(seconds * 1_000_000_000 + fraction))
    }
}

/// `HH:MM:SS`; a leap second counts.
fn clock(text: &str) -> Option<[i128; 3]> {
    let bytes = text.as_bytes();
    if bytes.len() != 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let number = |at: usize, most: i128| {
        let part = &text[at..at + 2];
        let number = part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i128>().ok())??;
        (number <= most).then_some(number)
    };
    Some([number(0, 23)?, number(3, 59)?, number(6, 60)?])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn offsets_and_fractions_are_compared_as_points_in_time() {
        let ascending = [
            "2026-01-01T00:00:00+01:00",
            "2026-01-01T00:00:00Z",
            "2026-01-01 00:00:00.000000001z",
            "2026-01-01T00:00:00.25Z",
            "2025-12-31T18:00:00.5-06:00",
            "2026-01-01T00:00:01Z",
        ];
        let moments = ascending.map(|text| Moment::parse(text).expect(text));
        assert!(moments.windows(2).all(|pair| pair[0] < pair[1]), "{moments:?}");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00Z ",
            "2026-01-01T00:00:0\u{663}Z",
        ] {
            assert_eq!(Moment::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "\\PC*", near in "[0-9]{4}-01-01T[0-9:.]{0,20}[Z+-]?[0-9:]{0,6}") {
            let _ = (Moment::parse(&text), Moment::parse(&near));
        }
    }
}
