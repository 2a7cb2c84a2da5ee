//! `license-not-spdx`: a license that is no SPDX expression.

use crate::archive::printable;
use crate::model::LicenseExpression;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "license-not-spdx",
    group: Group::License,
    needs: Needs::License,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A `license` that is no SPDX expression.

No tool can say what it means. `/` counts as `OR`, and identifiers that SPDX has replaced since are read, because crates.io
took both; a name that only resembles an identifier is not guessed at. Of 4,038 packages one, of 2014, has anything worse.
Read what the package says about its license, and accept it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(text) = dossier.license.known().and_then(|license| license.expression.as_ref()) else {
        return vec![];
    };
    let Err(why) = LicenseExpression::parse(text) else { return vec![] };
    let (name, text) = (dossier.id.short(), printable(text.as_bytes()));
    let message = format!("the license of `{name}` is no SPDX expression: `{text}`");
    vec![Observation::new(message).note(why).help("read what it says about its license before you accept it")]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};

    #[test]
    fn only_what_nobody_can_read_needs_a_look() {
        for (expression, expected) in [
            (None, &[][..]),
            (Some("MIT/Apache-2.0"), &[]),
            (Some(" MIT OR Apache-2.0 "), &[]),
            (Some("GPL-2.0+"), &[]),
            (Some("LicenseRef-Corp"), &[]),
            (Some("MIT, Apache-2.0"), &["license-not-spdx"]),
            (Some("non-standard"), &["license-not-spdx"]),
            (Some("see \u{1b}[2Jfile"), &["license-not-spdx"]),
        ] {
            let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
            case.license(expression, Some("LICENSE"));
            let judgment = case.judged();
            assert_eq!(ids(&judgment), expected, "{expression:?}");
            assert!(judgment.findings.iter().all(|finding| !finding.message.contains('\u{1b}')));
        }
    }
}
