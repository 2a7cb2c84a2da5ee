//! What was there at `init` and should not stay: exceptions in the policy, each with its end.

use crate::finding::Finding;
use crate::model::Date;
use crate::vet::waiver;

/// The first exception ends after so many days, the last one after [`LAST`]: not all on one morning.
const FIRST: i64 = 30;
const LAST: i64 = 90;

const REASON: &str = "there at init, nobody has decided yet";

/// The lines of the policy for what was found; empty where nothing was. They can follow whatever a policy holds.
pub(super) fn text(findings: &[Finding], today: Date) -> String {
    let mut text = String::new();
    let steps = (findings.len() as i64 - 1).max(1);
    for (number, finding) in (0..).zip(findings) {
        let Some(id) = &finding.package else { continue };
        let expires = today.plus_days(FIRST + (LAST - FIRST) * number / steps);
        let spec = format!("{}@{}", id.name, id.version);
        text.push('\n');
        for line in waiver::exception(finding, &spec, REASON, expires) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use provenance_build::{PackageId, PackageName, Version};

    use super::*;
    use crate::finding::Weight;
    use crate::policy::Policy;
    use crate::vet::catalogue;

    #[test]
    fn exceptions_end_one_after_the_other() {
        let id = PackageId {
            name: PackageName::parse("dep").expect("a name"),
            version: Version::parse("1.0.0").expect("a version"),
            source: None,
        };
        let finding = |subject: &str| {
            let mut finding = Finding::new("vulnerability", Weight::Denial, "x").about(id.clone());
            finding.subject = Some(subject.to_owned());
            finding
        };
        let today = Date::parse("2026-11-23").expect("a date");
        for (number, ends) in [
            (0, &[][..]),
            (1, &["2026-12-23"]),
            (2, &["2026-12-23", "2027-02-21"]),
            (3, &["2026-12-23", "2027-01-22", "2027-02-21"]),
        ] {
            let findings = (0..number).map(|n| finding(&format!("RUSTSEC-2026-{n:04}"))).collect::<Vec<_>>();
            let text = format!("version = 1\n[licenses]\nallow = []\n{}", text(&findings, today));
            let policy = Policy::parse(text.as_bytes(), Path::new("p"), catalogue()).expect("a policy");
            let found = policy.exceptions().iter().map(|at| at.value.expires.to_string()).collect::<Vec<_>>();
            assert_eq!(found, ends);
        }
    }
}
