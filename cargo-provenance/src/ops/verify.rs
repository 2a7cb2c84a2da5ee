//! `verify`: manifest, lockfile, configuration and sources on disk agree, or every disagreement is reported.
//!
//! It starts no cargo and needs no network, unless `--full` or `--repair` lacks an archive.

use std::collections::BTreeSet;

use provenance_build::manifest::{Origin, Pin};
use provenance_build::{Drift, Verdict};

use crate::collect::archives::{self, Which};
use crate::collect::gate::Gate;
use crate::collect::proofs::{self, Proven};
use crate::finding::{self, Finding, Weight};
use crate::model::Surroundings;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report};

use super::{Error, repair};

/// What `verify` was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Prove every pin again from its archive: index = lock = `.crate` = tree.
    pub full: bool,
    /// A package that is not on disk makes the result undecided.
    pub complete: bool,
    /// Restore drifted directories from verified archives first.
    pub repair: bool,
}

/// Compares the workspace with its manifest.
pub fn run(surroundings: &Surroundings, options: Options, progress: &dyn Progress) -> Result<Report, Error> {
    let mut report = Report::new("verify");
    let mut gate = Gate::open(surroundings)?;
    progress.status("Verifying", &format!("{} packages against Provenance.lock", gate.seen.manifest.packages.len()));
    let which = if options.full || options.repair { Which::All } else { Which::Needed };
    archives::hash(&mut gate.seen, which, progress)?;
    let mut verdict = gate.verdict();
    if options.repair && !verdict.drift.is_empty() {
        repair::run(surroundings, &gate, &verdict, &mut report, progress)?;
        gate = Gate::open(surroundings)?;
        archives::hash(&mut gate.seen, which, progress)?;
        verdict = gate.verdict();
    }
    report.findings.extend(verdict.drift.iter().map(|drift| finding::drift::of(drift, &gate)));
    if !report.findings.is_empty() {
        report.outcome = Outcome::Drift;
    }
    if options.full {
        prove(surroundings, &gate, &mut report, progress)?;
    }
    conclude(&gate, &verdict, options, &mut report);
    Ok(report)
}

/// Proves the pins again and compares each with its proof: an edited pin is found even if the sources were edited too.
fn prove(
    surroundings: &Surroundings,
    gate: &Gate,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let proven = proofs::prove_pins(surroundings, gate, progress)?;
    let mut undecided = 0;
    for (pin, proof) in &proven {
        match proof {
            Proven::Yes { .. } => {}
            Proven::Otherwise(found) => report.findings.push(forged(gate, pin, found)),
            Proven::Unknown(why) => {
                undecided += 1;
                report.not_checked.push(format!("`{} v{}` was not proven: {why}", pin.name, pin.version));
            }
        }
    }
    if !report.findings.is_empty() {
        report.outcome = Outcome::Drift;
    } else if undecided > 0 {
        report.outcome = Outcome::Undecided;
    }
    report.count("proven", proven.iter().filter(|(_, proof)| matches!(proof, Proven::Yes { .. })).count());
    report.count("not-proven", undecided);
    Ok(())
}

fn forged(gate: &Gate, pin: &Pin, found: &[String]) -> Finding {
    use finding::drift::Excerpts;
    let message = format!("the pin of `{} v{}` is not what was published", pin.name, pin.version);
    let place = gate.pinned(pin.line.0, "pinned here".to_owned(), finding::Role::Primary);
    let mut finding = Finding::new("pin-differs", Weight::Denial, message).at(place);
    finding.package = Some(pin.id());
    finding.notes.extend(found.iter().cloned());
    finding.help("find out who changed the pin, then run `cargo provenance pin` to prove and pin the package anew")
}

fn conclude(gate: &Gate, verdict: &Verdict, options: Options, report: &mut Report) {
    for setting in &gate.seen.configuration.outside {
        let value = format!("{} = {} ({})", setting.key, setting.value, setting.file.display());
        report.detail("Outside", value);
    }
    if !verdict.absent.is_empty() {
        let names = verdict.absent.iter().map(|id| id.short()).collect::<Vec<_>>();
        report.not_checked.push(format!("not on disk: {}", listed(&names)));
        if options.complete && report.outcome == Outcome::Fine {
            report.outcome = Outcome::Undecided;
        }
    }
    let drifted = verdict.drift.iter().filter_map(Drift::package).collect::<BTreeSet<_>>().len();
    report.count("packages", gate.seen.manifest.packages.len());
    report.count("matching", verdict.matching);
    report.count("drifted", drifted);
    report.count("not-on-disk", verdict.absent.len());
    report.count("members", verdict.members);
    let match_text = plural(verdict.matching, "package matches", "packages match");
    report.conclusion = match report.findings.len() {
        0 if verdict.absent.is_empty() => match_text,
        0 => format!("{match_text}, {} not on disk", verdict.absent.len()),
        found => format!("{} found; {match_text}", plural(found, "difference", "differences")),
    };
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len() {
        0..=SHOWN => names.join(", "),
        more => format!("{} and {} more", names[..SHOWN].join(", "), more - SHOWN),
    }
}

/// `1 package`, `2 packages`.
pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Whether a pin is of a package that a registry published.
pub(super) fn is_published(pin: &Pin) -> bool {
    matches!(&pin.origin, Origin::Source(source) if !source.is_git())
}
