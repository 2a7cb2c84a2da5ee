//! The reference of all checks and of the other findings: `docs/checks.md`.

use super::check::{Check, Group};
use super::checks::{CHECK_SET, CHECKS};
use crate::finding::glossary::{Kind, TERMS};
use crate::finding::{Rule, Weight};
use crate::policy::{Firmness, ParameterKind};

/// Every group, in the order in which the reference has them.
pub const GROUPS: [Group; 12] = [
    Group::Archive,
    Group::Manifest,
    Group::History,
    Group::Names,
    Group::Advisories,
    Group::Audits,
    Group::Content,
    Group::BuildTime,
    Group::RunTime,
    Group::Source,
    Group::License,
    Group::Policy,
];

/// The reference page, Markdown.
pub fn page() -> String {
    let mut page = format!(
        "# Checks\n\n\
         <!-- Rendered from `judge/src/vet/checks` and `judge/src/finding/glossary.rs`. -->\n\n\
         What `cargo provenance` looks for in a package before it enters, and again with every `cargo provenance check`. This \
         is check set {CHECK_SET}: a pin records the one that judged it, and what is newer only notes until `cargo provenance \
         pin --recheck`.\n\n\
         A finding leads to its check's level: `deny` refuses, `review` refuses until a person accepts it for these bytes, \
         `note` is shown, `allow` is silent. `[checks]` of `Provenance.toml` sets another level, as `ID = \"LEVEL\"` or with \
         the keys that stand below a check as `ID = {{ level = \"LEVEL\", KEY = VALUE }}`. A firm check stands at `deny`, and \
         nobody may wave it through. `cargo provenance explain ID` tells what is in force in a workspace.\n",
    );
    for group in GROUPS {
        let checks = CHECKS.iter().filter(|check| check.group == group).collect::<Vec<_>>();
        if checks.is_empty() {
            continue;
        }
        page.push_str(&format!("\n## {}\n", capitalized(group.as_str())));
        page.push_str(limits(group));
        for check in checks {
            page.push_str(&format!("\n### `{}`\n\n{}\n\n{}\n", check.id, head(check), check.docs.trim_end()));
        }
    }
    page.push_str(
        "\n## Other findings\n\nNo check makes these, and no level applies to them.\n\n| id | leads to | meaning |\n\
         |---|---|---|\n",
    );
    for term in TERMS {
        page.push_str(&format!("| `{}` | {} | {} |\n", term.id, term.kind.as_str(), term.text));
    }
    page
}

/// Every kind of finding with its documentation, sorted by id.
pub fn rules() -> Vec<Rule> {
    let checks = CHECKS.iter().map(|check| Rule {
        id: check.id,
        group: check.group.as_str(),
        summary: check.summary(),
        docs: check.docs,
        weight: check.level.weight(),
    });
    let terms = TERMS.iter().map(|term| Rule {
        id: term.id,
        group: term.kind.as_str(),
        summary: term.summary(),
        docs: term.text,
        weight: Some(if term.kind == Kind::Remark { Weight::Note } else { Weight::Denial }),
    });
    let mut rules = checks.chain(terms).collect::<Vec<_>>();
    rules.sort_by_key(|rule| rule.id);
    rules
}

/// What the checks of a group cannot do.
fn limits(group: Group) -> &'static str {
    match group {
        Group::BuildTime | Group::RunTime => {
            "\nThese checks read the tokens of the sources. A determined author gets around each of them: code can be put \
             together while it runs, and a name can come from anywhere. Age, pins and the closure of dependencies are the floor; \
             these raise the price. A finding names one file, and accepting it accepts that file in these bytes.\n"
        }
        _ => "",
    }
}

/// The level and the keys of a check, in one line.
fn head(check: &Check) -> String {
    let level = match check.firmness {
        Firmness::Firm => "**deny**, firm".to_owned(),
        Firmness::Free | Firmness::Planned => format!("**{}** by default", check.level.as_str()),
    };
    let keys = check.parameters.iter().map(|it| format!("`{}` ({})", it.key, taken(it.kind)));
    let keys = keys.collect::<Vec<_>>().join(", ");
    if keys.is_empty() { level } else { format!("{level}; keys: {keys}") }
}

/// What a parameter takes, for people.
pub fn taken(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Days(_) => "a number of days",
        ParameterKind::Flag => "`true` or `false`",
        ParameterKind::Level => "a level",
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::super::checks;
    use super::*;
    use crate::finding::glossary::term;

    #[test]
    fn the_page_is_current() {
        snapbox::assert_data_eq!(page(), snapbox::file!["../../../docs/checks.md"].raw());
    }

    #[test]
    fn every_check_is_in_a_group_of_the_page() {
        assert!(CHECKS.iter().all(|check| GROUPS.contains(&check.group)));
    }

    #[test]
    fn no_term_bears_the_id_of_a_check() {
        assert!(TERMS.iter().all(|term| checks::check(term.id).is_none()));
    }

    /// The ids that the program's own text gives to findings and refusals.
    fn ids(folder: &Path, into: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                ids(&path, into);
                continue;
            }
            let text = fs::read_to_string(&path).expect("text");
            let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            if path.ends_with("render/tests.rs") {
                continue;
            }
            for beginning in ["Finding::new(\"", "check: \"", "self.doubt(situation, &name, &path, \""] {
                for rest in program.split(beginning).skip(1) {
                    into.extend(rest.split('"').next().map(str::to_owned));
                }
            }
        }
    }

    #[test]
    fn every_finding_can_be_explained() {
        let mut found = BTreeSet::new();
        for folder in ["src", "../src"] {
            ids(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
        }
        assert!(found.len() > 10, "{found:?}");
        for id in found {
            assert!(term(&id).is_some() || checks::check(&id).is_some(), "`{id}` has no explanation");
        }
        // The kernel names its own.
        let drift = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../provenance-build/src/drift.rs"),
        )
        .expect("text");
        let codes = drift.split(".. } => \"").skip(1).filter_map(|rest| rest.split('"').next());
        let codes = codes.filter(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
        let codes = codes.collect::<Vec<_>>();
        assert!(codes.len() >= 12, "{codes:?}");
        for code in codes {
            assert!(term(code).is_some(), "`{code}` has no explanation");
        }
    }
}
