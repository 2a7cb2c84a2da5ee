//! What the checks of advisories share: one observation for each advisory of a kind.

use crate::advisory::{Hit, Kind};
use crate::policy::{Level, Parameter, ParameterKind};
use crate::vet::check::Observation;
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// Levels for dependencies of the workspace itself, and for those of others.
pub(super) const PARTS: &[Parameter] = &[
    Parameter { key: "direct", kind: ParameterKind::Level },
    Parameter { key: "transitive", kind: ParameterKind::Level },
];

/// The advisories of one kind.
pub(super) fn of_kind(kind: Kind, dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let hits = dossier.hits.known().map(|hits| hits.hits.as_slice()).unwrap_or_default();
    hits.iter().filter(|hit| hit.kind == kind).map(|hit| observation(hit, dossier, ground)).collect()
}

fn observation(hit: &Hit, dossier: &Dossier<'_>, ground: &Ground<'_>) -> Observation {
    let what = hit.kind.says();
    let message = format!("`{}` {what}: {} ({})", dossier.id.short(), hit.title, hit.id);
    let mut seen = Observation::new(message).on(&hit.id);
    let part = if dossier.direct { "direct" } else { "transitive" };
    seen.ruled = ground.policy.part_level(hit.kind.as_str(), part);
    seen.notes.extend(hit.url.as_ref().map(|url| format!("reported on {}, {url}", hit.date)));
    if !hit.functions.is_empty() {
        seen.notes.push(format!("affected functions: {}", hit.functions.join(", ")));
    }
    if !hit.platforms.is_empty() {
        seen.notes.push(format!("only on {}", hit.platforms.join(", ")));
    }
    seen.notes.extend(hit.remarks.iter().cloned());
    match hit.kind {
        Kind::Malicious => {
            seen.help("remove it, and treat the secrets of every machine that built it as stolen")
        }
        Kind::Vulnerability | Kind::Unsound if hit.patched.is_empty() => {
            seen.note("no version of it is patched")
        }
        Kind::Vulnerability | Kind::Unsound => seen.help(format!("patched: {}", hit.patched.join(" or "))),
        Kind::Notice | Kind::Unmaintained => Observation { level: Some(Level::Note), ..seen },
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, release};
    use crate::advisory::{Database, parse};
    use crate::finding::Weight;
    use crate::model::{Date, Evidence};

    fn database(id: &str, rest: &str, patched: &str) -> Database {
        let path = format!("crates/dep/{id}.md");
        let text = format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"dep\"\ndate = \"2026-01-02\"\n{rest}\n[versions]\n\
             patched = [{patched}]\n```\n\n# A title\n\nWords.\n"
        );
        let today = Date::parse("2026-11-23").expect("a date");
        Database::assemble(vec![parse(&path, Ok(text.as_bytes()))], 0, today)
    }

    fn found(policy: &str, rest: &str, direct: bool) -> Vec<(&'static str, Weight)> {
        let mut case = Case::new(policy, "1.0.0", vec![release("0.9.0", 900), release("1.0.0", 90)]);
        case.direct = direct;
        case.databases = Evidence::Known(vec![database("RUSTSEC-2026-0001", rest, "\">=1.1.0\"")]);
        case.judged().findings.iter().map(|finding| (finding.id, finding.weight)).collect()
    }

    #[test]
    fn each_kind_has_its_check_and_its_level() {
        for (rest, expected) in [
            ("", ("vulnerability", Weight::Denial)),
            ("categories = [\"malicious\"]", ("malicious", Weight::Denial)),
            ("informational = \"unsound\"", ("unsound", Weight::Review)),
            ("informational = \"unmaintained\"", ("unmaintained", Weight::Note)),
            ("informational = \"notice\"", ("notice", Weight::Note)),
        ] {
            assert_eq!(found("", rest, true), [expected], "{rest}");
        }
    }

    #[test]
    fn direct_and_transitive_dependencies_have_levels_of_their_own() {
        let policy = "[checks]\nunsound = { level = \"note\", direct = \"deny\" }\n";
        let unsound = "informational = \"unsound\"";
        assert_eq!(found(policy, unsound, true), [("unsound", Weight::Denial)]);
        assert_eq!(found(policy, unsound, false), [("unsound", Weight::Note)]);
    }

    #[test]
    fn a_file_that_cannot_be_read_leaves_its_package_undecided_and_no_other() {
        let today = Date::parse("2026-11-23").expect("a date");
        for (path, undecided) in
            [("crates/dep/RUSTSEC-2026-0001.md", true), ("crates/x/RUSTSEC-2026-0001.md", false)]
        {
            let mut case = Case::new("", "1.0.0", vec![release("0.9.0", 900), release("1.0.0", 90)]);
            let database = Database::assemble(vec![parse(path, Ok(b"\xff"))], 0, today);
            case.databases = Evidence::Known(vec![database]);
            let judgment = case.judged();
            assert_eq!((!judgment.open.is_empty(), judgment.refuses()), (undecided, false), "{path}");
        }
    }

    #[test]
    fn no_database_at_hand_is_no_pass() {
        let mut case = Case::new("", "1.0.0", vec![release("0.9.0", 900), release("1.0.0", 90)]);
        case.databases = Evidence::Unavailable("offline".to_owned());
        assert!(!case.judged().open.is_empty());
        case.databases = Evidence::Absent;
        assert!(case.judged().admits());
    }
}
