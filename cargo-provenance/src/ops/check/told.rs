//! What `check` came to: the findings with their places, what people live with, and what was not checked.

use std::collections::BTreeSet;

use provenance_build::manifest::Pin;
use provenance_build::{Drift, Verdict};

use super::super::folding;
use super::super::vetting::{Vetted, Vetting, is_unjudged};
use super::{Finding, Gate, GraphOf, Open, Report, Situation, Weight, plural, since};
use crate::advisory::{Coverage, coverage};
use crate::policy::Level;
use crate::report::{Outcome, Tolerated};
use crate::vet::waiver::{self, Waived, Waiver, may_be_waived};
use crate::vet::{Check, checks, not_judged};

/// The findings of the whole graph.
pub(super) struct Told<'a> {
    pub(super) findings: Vec<Finding>,
    graph: &'a GraphOf<'a>,
    vetting: &'a Vetting<'a>,
    open: Vec<Open>,
    waived: Vec<Waived>,
    /// How many packages were judged.
    judged: usize,
    /// Findings that were there at the revision that is compared with.
    pub(super) there_before: usize,
    /// Packages that no advisory database speaks of, and why.
    uncovered: Vec<String>,
    /// Packages of which no review is required, and who says so.
    not_asked: Vec<String>,
}

/// The end of a check that could not look at the packages at all: what was found so far is drift, or comes with the change.
pub(super) fn undecidable(report: &mut Report) {
    let refused = |finding: &Finding| matches!(finding.id, since::SETTING_NEW | since::BASELINE_NEW);
    let only_new = report.findings.iter().all(refused);
    report.outcome = if only_new { Outcome::Refused } else { Outcome::Drift };
    report.conclusion =
        format!("{} found; no package was judged", plural(report.findings.len(), "difference"));
}

/// Notes that time does not change were there when the package was pinned, and are no news: `-v` shows them.
pub(super) fn lower(findings: &mut [Finding], judged_by: Option<u32>) {
    let Some(set) = judged_by else { return };
    for finding in findings.iter_mut().filter(|finding| finding.weight == Weight::Note) {
        let check = checks::check(finding.id);
        let was_told = |check: &Check| check.since <= set || check.level == Level::Note;
        finding.verbose = check.is_some_and(|check| match check.is_of_circumstances() {
            true => was_told(check),
            false => check.is_settled() && check.since <= set,
        });
    }
}

/// What was let in at `init` without a look at advisories can be looked at as `init` would have.
pub(super) fn tell_unjudged(findings: &mut [Finding], pin: Option<&Pin>) {
    if !pin.is_some_and(is_unjudged) {
        return;
    }
    for finding in
        findings.iter_mut().filter(|finding| finding.weight != Weight::Note && may_be_waived(finding))
    {
        finding.notes.push("it was there at `init`, when no advisory database was at hand".to_owned());
        finding.help.push(
            "run `cargo provenance pin --recheck` to live with it for a while, as `init` would have"
                .to_owned(),
        );
    }
}

impl<'a> Told<'a> {
    pub(super) fn new(graph: &'a GraphOf<'a>, vetting: &'a Vetting<'a>) -> Self {
        let (findings, open, waived) = (vec![], vec![], vec![]);
        let (uncovered, not_asked) = (vec![], vec![]);
        Self { findings, graph, vetting, open, waived, judged: 0, there_before: 0, uncovered, not_asked }
    }

    /// Takes what was said of the package at this place of the lockfile.
    pub(super) fn take(&mut self, index: usize, vetted: Vetted) {
        self.judged += 1;
        let package = self.graph.package(index);
        for mut finding in vetted.judgment.findings {
            finding.places.insert(0, self.graph.situation.locked_at(package, "locked here"));
            self.findings.push(finding.note(self.graph.pulled_in(index)));
        }
        for why in &vetted.judgment.not_asked {
            self.not_asked.push(format!("{}: {why}", package.id.short()));
        }
        self.open.extend(vetted.judgment.open);
        self.waived.extend(vetted.waived);
        if let Coverage::NotCovered(why) = coverage(&package.id) {
            self.uncovered.push(format!("{} {why}", package.id.short()));
        }
    }

    /// Path packages that lead nowhere cannot be judged.
    pub(super) fn unplaced(&mut self, situation: &Situation, graph: &GraphOf<'_>) {
        for (index, package) in situation.lockfile.packages.iter().enumerate() {
            if graph.is_lost(index) {
                self.open.push(Open {
                    id: package.id.clone(),
                    why: "no path of the workspace leads to it".to_owned(),
                    checks: vec!["all"],
                    help: "run `cargo fetch`, then `cargo provenance pin`".to_owned(),
                });
            }
        }
    }

    /// Puts everything into the report: drift weighs most, then what is refused, then what could not be decided.
    pub(super) fn conclude(mut self, gate: &Gate, verdict: &Verdict, report: &mut Report) {
        let drifted = report.weighing(Weight::Denial);
        for finding in &mut report.findings {
            let id = finding.package.as_ref();
            let mut places = 0..self.graph.situation.lockfile.packages.len();
            if let Some(index) = places.find(|index| Some(&self.graph.package(*index).id) == id) {
                finding.notes.push(self.graph.pulled_in(index));
            }
        }
        self.without_echoes(report);
        waiver::tell_ways(&mut self.findings, self.vetting.today(), "cargo provenance pin --recheck ");
        let refuses = self.findings.iter().any(|finding| finding.weight != Weight::Note);
        self.findings.extend(not_judged(&self.open));
        report.outcome = match (drifted, refuses, self.open.is_empty()) {
            (1.., ..) => Outcome::Drift,
            (_, true, _) => Outcome::Refused,
            (_, _, false) => Outcome::Undecided,
            _ => report.outcome,
        };
        report.findings.append(&mut self.findings);
        report.findings.sort_by_key(|finding| finding.weight);
        self.tell_waived(gate, report);
        folding::count(report, "packages as they were pinned");
        self.tell_unchecked(verdict, report);
        for setting in &gate.seen.configuration.outside {
            let place = setting.file.display();
            report.detail("Outside", format!("{} = {} ({place})", setting.key, setting.value));
        }
        let undecided = self.open.iter().map(|open| &open.id).collect::<BTreeSet<_>>().len();
        report.count("packages", self.judged);
        report.count("not-judged", undecided);
        report.count("matching", verdict.matching);
        report.count("drifted", verdict.drift.iter().filter_map(Drift::package).count());
        report.count("not-on-disk", verdict.absent.len());
        report.count("members", verdict.members);
        let packages = plural(self.judged, "package");
        report.conclusion = match report.outcome {
            Outcome::Fine => {
                let notes = match report.showing(Weight::Note) {
                    0 => String::new(),
                    notes => format!(", {}", plural(notes, "note")),
                };
                format!("{packages} checked and proven{notes}")
            }
            Outcome::Refused => format!("to pass: {} in {packages}", report.tally()),
            Outcome::Undecided => {
                format!("{undecided} of {packages} could not be judged")
            }
            Outcome::Drift | Outcome::Distrusted | Outcome::Program(_) => {
                let found = plural(drifted, "difference");
                let more = report.weighing(Weight::Denial) + report.weighing(Weight::Review) - drifted;
                let more =
                    if more > 0 { format!(", {} besides", plural(more, "finding")) } else { String::new() };
                format!("{found} found in {packages}{more}")
            }
        };
    }

    /// An archive that was replaced is drift already; that its proof fails too is no news.
    fn without_echoes(&mut self, report: &Report) {
        let told = |finding: &Finding| {
            report.findings.iter().any(|drift| {
                matches!(drift.id, "archive-differs" | "checksum-differs" | "pin-differs")
                    && drift.package == finding.package
            })
        };
        self.findings.retain(|finding| finding.id != "checksum-changed" || !told(finding));
    }

    fn tell_waived(&self, gate: &Gate, report: &mut Report) {
        let (mut accepted, mut baseline, mut excepted) = (0, 0, 0);
        for Waived { finding, by } in &self.waived {
            let (verb, how) = match by {
                Waiver::Accepted(it) => {
                    accepted += 1;
                    ("Accepted", format!("by {} on {}: {}", it.by, it.on, it.reason))
                }
                Waiver::Baseline => {
                    baseline += 1;
                    ("Baseline", "there at `init`, nobody has looked yet".to_owned())
                }
                Waiver::Excepted(until, line) => {
                    excepted += 1;
                    ("Excepted", format!("until {until} ({})", gate.policy.spot(*line)))
                }
            };
            report.detail(verb, format!("{} [{}]; {how}", finding.message, waiver::key(finding)));
            let why = format!("{} {how}", verb.to_lowercase());
            report.tolerated.push(Tolerated { finding: finding.clone(), why });
        }
        let parts = [(accepted, "accepted"), (baseline, "baseline"), (excepted, "excepted")];
        let parts = parts.iter().filter(|(number, _)| *number > 0);
        let parts = parts.map(|(number, how)| format!("{number} {how}")).collect::<Vec<_>>().join(", ");
        if !parts.is_empty() {
            let findings = plural(self.waived.len(), "finding");
            report.step("Living with", format!("{findings}: {parts}; `-v` lists them"));
        }
        report.count("accepted", accepted);
        report.count("baseline", baseline);
        report.count("excepted", excepted);
    }

    fn tell_unchecked(&self, verdict: &Verdict, report: &mut Report) {
        if !self.uncovered.is_empty() {
            let packages = plural(self.uncovered.len(), "package");
            report
                .not_checked
                .push(format!("advisories about {packages} that no database speaks of; `-v` lists them"));
            for package in &self.uncovered {
                report.detail("Uncovered", package.clone());
            }
        }
        if !self.not_asked.is_empty() {
            let packages = plural(self.not_asked.len(), "package");
            report
                .not_checked
                .push(format!("reviews of {packages} of which none is required; `-v` lists them"));
            for package in &self.not_asked {
                report.detail("Not asked", package.clone());
            }
        }
        report.count("not-asked", self.not_asked.len());
        report.count("not-covered", self.uncovered.len());
        report.not_checked.extend(verdict.absent.iter().map(|id| format!("{}: not on disk", id.short())));
        self.vetting.tell_audits(report);
    }
}
