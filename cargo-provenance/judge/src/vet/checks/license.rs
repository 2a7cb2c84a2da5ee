//! `license`: a license that the policy does not allow.

use crate::archive::printable;
use crate::model::{LicenseExpression, LicenseName};
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "license",
    group: Group::License,
    needs: Needs::License,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A package whose license asks for something that `[licenses] allow` does not list.

The list holds SPDX identifiers, each maybe `WITH` an exception; an expression is met as SPDX defines `AND`, `OR` and `WITH`.
An entry allows that license and no other: `GPL-2.0-only` does not allow `GPL-2.0-or-later`, nor does `Apache-2.0` allow
`Apache-2.0 WITH LLVM-exception`. Without such a list nothing is judged. `init` lists the common
permissive ones, and what the packages need besides that are there.

A package that names no more than a file, or whose license is no SPDX expression, cannot be compared with the list: read
it, and accept it for these bytes. For everything else, add the license to the list, if you may use what comes under it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let (Some(license), Some(allowed)) = (dossier.license.known(), ground.policy.licenses()) else {
        return vec![];
    };
    let name = dossier.id.short();
    let unjudged = |message: String| {
        Observation::new(message).at(Level::Review).help("read its license, and accept it for these bytes")
    };
    let seen =
        match (license.expression.as_ref().map(|text| (text, LicenseExpression::parse(text))), &license.file)
        {
            (Some((_, Ok(expression))), _) => {
                let Err(missing) = expression.is_met_by(allowed.value.iter().map(|at| &at.value)) else {
                    return vec![];
                };
                let listed = |names: &[LicenseName]| {
                    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
                };
                // One of several licenses is enough where the package leaves the choice.
                let mut enough = expression.sufficient();
                enough.retain(|name| missing.contains(name));
                let (missing, enough) = (listed(&missing), listed(&enough));
                let what = printable(expression.to_string().as_bytes());
                Observation::new(format!(
                    "`{name}` is licensed under `{what}`, which the policy does not allow"
                ))
                .note(format!("not in the list: {}", printable(missing.as_bytes())))
                .help(format!(
                    "if you may use it, add {} to `allow` in `Provenance.toml`, line {}",
                    printable(enough.as_bytes()),
                    allowed.line
                ))
            }
            (Some((text, Err(_))), _) => {
                let text = printable(text.as_bytes());
                unjudged(format!(
                    "the policy's list of licenses cannot judge `{text}`, the license of `{name}`"
                ))
            }
            (None, Some(file)) => {
                let file = printable(file.as_bytes());
                unjudged(format!(
                    "the policy's list of licenses cannot judge `{file}`, the license of `{name}`"
                ))
            }
            // Another check tells of that.
            (None, None) => return vec![],
        };
    vec![seen.line(Some(allowed.line), "the licenses that are allowed stand here")]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};
    use crate::finding::Weight;

    const ID: &str = "license";

    fn case(policy: &str, expression: Option<&str>, file: Option<&str>) -> Case {
        let mut case = Case::new(policy, "1.0.0", vec![release("1.0.0", 900)]);
        case.license(expression, file);
        case
    }

    #[test]
    fn the_list_decides_and_without_one_nothing_is_judged() {
        let list = "[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]\n";
        for (policy, expression, expected) in [
            ("", "GPL-3.0-only", None),
            ("[licenses]\n", "GPL-3.0-only", None),
            ("[licenses]\nallow = []\n", "MIT", Some(Weight::Denial)),
            (list, "MIT", None),
            (list, "MIT/GPL-3.0", None),
            (list, "Apache-2.0 WITH LLVM-exception OR GPL-3.0-only", None),
            (list, "Apache-2.0", Some(Weight::Denial)),
            (list, "MIT AND Apache-2.0", Some(Weight::Denial)),
            (list, "LicenseRef-Corp", Some(Weight::Denial)),
            (list, "Some License", Some(Weight::Review)),
            ("[checks]\nlicense = \"note\"\n[licenses]\nallow = []\n", "MIT", Some(Weight::Note)),
            ("[checks]\nlicense = \"deny\"\n[licenses]\nallow = []\n", "Some License", Some(Weight::Denial)),
            ("[checks]\nlicense = \"allow\"\n[licenses]\nallow = []\n", "MIT", None),
        ] {
            let judgment = case(policy, Some(expression), None).judged();
            let found = judgment.findings.iter().find(|finding| finding.id == ID);
            assert_eq!(found.map(|finding| finding.weight), expected, "{policy} {expression}");
        }
    }

    #[test]
    fn a_file_alone_needs_a_look() {
        let judgment = case("[licenses]\nallow = [\"MIT\"]\n", None, Some("../COPYING")).judged();
        assert_eq!(ids(&judgment), [ID]);
        assert_eq!(judgment.findings[0].weight, Weight::Review);
        assert!(judgment.findings[0].message.contains("`../COPYING`"), "{:?}", judgment.findings[0]);
        // Beside an expression it says nothing more.
        assert!(case("[licenses]\nallow = [\"MIT\"]\n", Some("MIT"), Some("COPYING")).judged().admits());
    }

    #[test]
    fn the_finding_points_at_the_list_and_names_what_is_missing() {
        let policy = "[licenses]\nallow = [\n  \"MIT\",\n]\n";
        let judgment = case(policy, Some("MIT AND (ISC OR GPL-2.0)"), None).judged();
        let finding = &judgment.findings[0];
        assert_eq!((finding.places[0].line, &*finding.places[0].excerpt), (3, "allow = ["));
        assert_eq!(finding.notes[0], "not in the list: \"GPL-2.0-only\", \"ISC\"");
    }
}
