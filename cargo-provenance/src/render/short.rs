//! One line per finding, as compilers print them: `file:line: level[id]: message`.

use clap_cargo::style::{ERROR, WARN};

use super::{View, human, sanitize};
use crate::finding::{Finding, Weight};

/// One finding in one line; its first place, without notes and help.
pub(super) fn finding(finding: &Finding, _: &View) -> String {
    let (level, style) = match finding.weight {
        Weight::Denial => ("error", ERROR),
        Weight::Review => ("review", ERROR),
        Weight::Note => ("note", WARN),
    };
    let place = match finding.places.first() {
        Some(place) if place.line > 0 => format!("{}:{}: ", human::path(&place.file), place.line),
        Some(place) => format!("{}: ", human::path(&place.file)),
        None => String::new(),
    };
    format!("{place}{style}{level}[{}]{style:#}: {}\n", finding.id, sanitize::line(&finding.message))
}
