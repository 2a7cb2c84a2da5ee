//! `verify`: manifest, lockfile, configuration and sources on disk agree, or every disagreement is reported.
//!
//! It starts no cargo and needs no network, unless `--full` or `--repair` lacks an archive.

use std::collections::BTreeSet;

use provenance_build::{Drift, Verdict};

use super::interruption::noticing;
use super::signing::{self, Wanted};
use super::{history, proving, repair};
use crate::collect::archives::{self, Which};
use crate::collect::gate::{self, Gate};
use crate::collect::proofs;
use crate::finding::Weight;
use crate::finding::drift;
use crate::model::Surroundings;
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};

/// What `verify` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether to prove index = lockfile = `.crate` = tree again.
    pub full: bool,
    /// Whether a package that is not on disk leaves the verdict open.
    pub complete: bool,
    /// Whether to restore drifted directories from verified archives.
    pub repair: bool,
    /// What the caller demands of the signatures.
    pub signatures: Wanted,
    /// A revision: a manifest that is older than the one there is refused.
    pub not_before: Option<String>,
}

/// Compares the workspace with its manifest.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    noticing(Report::new("verify"), &gate::root(surroundings)?, |report| {
        compare(surroundings, options, report, progress).map(drop)
    })
}

/// Compares, and returns the workspace as it was seen last.
pub(super) fn compare(
    surroundings: &Surroundings,
    options: &Options,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<Gate, Failure> {
    let mut gate = Gate::open(surroundings)?;
    report.step(
        "Verifying",
        format!("{} against Provenance.lock", plural(gate.seen.manifest.packages.len(), "package")),
    );
    let which = if options.full || options.repair { Which::All } else { Which::Needed };
    archives::hash(&mut gate.seen, which, progress)?;
    let mut verdict = gate.verdict();
    if options.repair {
        repair::sweep(&gate);
    }
    if options.repair && !verdict.drift.is_empty() {
        repair::run(surroundings, &gate, &verdict, report, progress)?;
        gate = Gate::open(surroundings)?;
        archives::hash(&mut gate.seen, which, progress)?;
        verdict = gate.verdict();
    }
    let demand = signing::demand(surroundings, &options.signatures)?;
    let mut is_trusted = signing::judge(&gate, &demand, report)? && !signing::is_expired(&verdict);
    if let Some(revision) = &options.not_before {
        is_trusted &= !history::is_older(&gate, revision, report)?;
    }
    report.findings.extend(verdict.drift.iter().map(|found| drift::of(found, &gate)));
    if options.full && (proving::is_configured(&verdict) || !is_trusted) {
        let why = match is_trusted {
            true => "cargo would run what the repository configures",
            false => "cargo is not started where the manifest is not trusted",
        };
        report.not_checked.push(format!("the pins: {why}"));
    } else if options.full {
        prove(surroundings, &gate, report, progress)?;
        if !verdict.absent.is_empty() {
            // What was missing has been fetched for the proofs.
            gate = Gate::open(surroundings)?;
            archives::hash(&mut gate.seen, which, progress)?;
            verdict = gate.verdict();
        }
    }
    if report.weighing(Weight::Denial) > 0 {
        report.outcome = Outcome::Drift;
    }
    conclude(&gate, &verdict, options, report);
    if !is_trusted {
        signing::distrust(report);
    }
    Ok(gate)
}

/// Proves the pins again and compares each with its proof.
fn prove(
    surroundings: &Surroundings,
    gate: &Gate,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let Some(situation) = proving::workspace(surroundings, gate, report)? else { return Ok(()) };
    proving::tell_stale(proving::stale(&situation, progress), report);
    let proofs = proofs::prove_pins(&situation, &gate.seen.manifest, surroundings.network, progress)?;
    let unproven = proving::tell(gate, &proofs, report);
    if !unproven.is_empty() {
        report.outcome = Outcome::Undecided;
    }
    let unproven = unproven.into_iter();
    let unproven = unproven.map(|(pin, why)| format!("{} v{}: not proven: {why}", pin.name, pin.version));
    report.not_checked.extend(unproven);
    Ok(())
}

fn conclude(gate: &Gate, verdict: &Verdict, options: &Options, report: &mut Report) {
    for setting in &gate.seen.configuration.outside {
        let place = setting.file.display();
        report.detail("Outside", format!("{} = {} ({place})", setting.key, setting.value));
    }
    report.not_checked.extend(verdict.absent.iter().map(|id| format!("{}: not on disk", id.short())));
    if options.complete && !verdict.absent.is_empty() && report.outcome == Outcome::Fine {
        report.outcome = Outcome::Undecided;
        report.step("Missing", "sources that are needed; `cargo fetch --locked` brings them");
    }
    let drifted = verdict.drift.iter().filter_map(Drift::package).collect::<BTreeSet<_>>().len();
    report.count("packages", gate.seen.manifest.packages.len());
    report.count("matching", verdict.matching);
    report.count("drifted", drifted);
    report.count("not-on-disk", verdict.absent.len());
    report.count("members", verdict.members);
    let matching = match verdict.matching {
        1 => "1 package matches".to_owned(),
        matching => format!("{matching} packages match"),
    };
    let absent = match verdict.absent.len() {
        0 => String::new(),
        absent => format!(", {absent} not on disk"),
    };
    report.conclusion = match report.weighing(Weight::Denial) {
        0 => format!("{matching}{absent}"),
        found => format!("{} found, {matching}{absent}", plural(found, "difference")),
    };
}
