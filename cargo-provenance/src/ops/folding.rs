//! Notes that are many are counted, and listed only with `-v`: they must not push what a person has to decide out of sight.

use std::collections::BTreeMap;

use crate::finding::{Finding, Weight};
use crate::report::{Report, plural};
use crate::vet::{Group, checks};

/// So many notes about packages are shown one by one.
const SHOWN: usize = 8;

/// Folds what checks note about the files and the history of packages, where there is much of it.
pub(super) fn fold(report: &mut Report) {
    let is_one = |finding: &Finding| {
        let about = checks::check(finding.id).map(|check| check.group);
        finding.weight == Weight::Note
            && !finding.verbose
            // What somebody can do something about is shown.
            && finding.help.is_empty()
            && matches!(
                about,
                Some(Group::BuildTime | Group::Content | Group::History | Group::Manifest | Group::RunTime)
            )
    };
    if report.findings.iter().filter(|finding| is_one(finding)).count() > SHOWN {
        report
            .findings
            .iter_mut()
            .filter(|finding| is_one(finding))
            .for_each(|finding| finding.verbose = true);
    }
    count(report, "packages");
}

/// Says how many notes are only shown with `-v`.
pub(super) fn count(report: &mut Report, about: &str) {
    let mut numbers = BTreeMap::<&str, usize>::new();
    for finding in report.findings.iter().filter(|finding| finding.verbose) {
        *numbers.entry(finding.id).or_default() += 1;
    }
    let all = numbers.values().sum::<usize>();
    if all > 0 {
        let parts =
            numbers.iter().map(|(id, number)| format!("{number} {id}")).collect::<Vec<_>>().join(", ");
        report.step("Known", format!("{} about {about}: {parts}; `-v` lists them", plural(all, "note")));
    }
}
