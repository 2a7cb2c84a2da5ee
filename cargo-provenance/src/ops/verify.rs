//! `verify`: manifest, lockfile, configuration and sources on disk agree, or every disagreement is reported.
//!
//! It starts no cargo and needs no network, unless `--full` or `--repair` lacks an archive.

use std::collections::BTreeSet;

use provenance_build::manifest::Pin;
use provenance_build::{Drift, Verdict};

use super::{interruption, repair};
use crate::cargo::{CargoCommand, Workspace};
use crate::collect::archives::{self, Which};
use crate::collect::gate::{self, Gate};
use crate::collect::proofs::{self, Proven};
use crate::collect::situation::Situation;
use crate::finding::drift::{self, Excerpts};
use crate::finding::{Finding, Role, Weight};
use crate::model::Surroundings;
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};

/// What `verify` is asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether to prove index = lockfile = `.crate` = tree again.
    pub full: bool,
    /// Whether a package that is not on disk leaves the verdict open.
    pub complete: bool,
    /// Whether to restore drifted directories from verified archives.
    pub repair: bool,
}

/// Compares the workspace with its manifest.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = Report::new("verify");
    let noticed = interruption::noticed(&gate::root(surroundings)?);
    report.findings.extend(noticed.clone());
    match compare(surroundings, options, &mut report, progress) {
        Ok(()) => Ok(report),
        Err(mut failure) => {
            let told = noticed.map(|it| format!("{}: {}", it.message, it.help.join("; ")));
            failure.help.splice(0..0, told);
            Err(failure)
        }
    }
}

fn compare(
    surroundings: &Surroundings,
    options: &Options,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), Failure> {
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
    report.findings.extend(verdict.drift.iter().map(|found| drift::of(found, &gate)));
    if options.full {
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
    conclude(&gate, &verdict, *options, report);
    Ok(())
}

/// Proves the pins again and compares each with its proof: an edited pin is found even if the sources were edited too.
fn prove(
    surroundings: &Surroundings,
    gate: &Gate,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let cargo = CargoCommand::new(surroundings);
    let workspace = Workspace::load(&cargo, Some(&gate.root.join("Cargo.toml")))?;
    if workspace.root != gate.root {
        let message = format!("cargo takes `{}` for the workspace root", workspace.root.display());
        let finding = Finding::new("workspace-root", Weight::Denial, message);
        report.findings.push(finding.help("remove the `Cargo.toml` that does not belong there"));
        return Ok(());
    }
    let situation = Situation::read(surroundings, workspace)?;
    if let Some(stale) = stale(&situation, progress) {
        report.findings.push(stale);
    }
    let proven = proofs::prove_pins(&situation, &gate.seen.manifest, surroundings.network, progress)?;
    let mut undecided = 0;
    for (pin, proof) in &proven {
        match proof {
            Proven::Yes => {}
            // An archive that is not the pinned one is told of already, and says nothing of the pin.
            Proven::Otherwise(_) if is_replaced(report, pin) => undecided += 1,
            Proven::Otherwise(found) => report.findings.push(forged(gate, pin, found)),
            Proven::Unknown(why) => {
                undecided += 1;
                report.not_checked.push(format!("{} v{}: not proven: {why}", pin.name, pin.version));
            }
        }
    }
    if undecided > 0 {
        report.outcome = Outcome::Undecided;
    }
    report.count("proven", proven.iter().filter(|(_, proof)| *proof == Proven::Yes).count());
    report.count("not-proven", undecided);
    Ok(())
}

fn is_replaced(report: &Report, pin: &Pin) -> bool {
    let id = pin.id();
    report
        .findings
        .iter()
        .any(|finding| finding.id == "archive-differs" && finding.package.as_ref() == Some(&id))
}

/// What cargo itself says of a lockfile that does not follow the manifests. Everything else that it may say (a package that
/// is not there while offline) is for the proofs to tell.
fn stale(situation: &Situation, progress: &dyn Progress) -> Option<Finding> {
    let answer = situation.cargo.check_lockfile(&situation.manifest, progress);
    let stale = answer.err()?.is_stale_lockfile();
    let finding = Finding::new("lock-stale", Weight::Denial, "`Cargo.lock` does not follow the manifests");
    stale.then(|| finding.help("run `cargo fetch`, then `cargo provenance pin`"))
}

fn forged(gate: &Gate, pin: &Pin, found: &[String]) -> Finding {
    let message = format!("the pin of `{} v{}` is not what was published", pin.name, pin.version);
    let place = gate.pinned(pin.line.0, "pinned here".to_owned(), Role::Primary);
    let mut finding = Finding::new("pin-differs", Weight::Denial, message).about(pin.id()).at(place);
    finding.notes.extend(found.iter().cloned());
    finding.help(
        "find out who changed the pin, remove its entry, and run `cargo provenance pin` to prove it anew",
    )
}

fn conclude(gate: &Gate, verdict: &Verdict, options: Options, report: &mut Report) {
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
