//! What `verify --full` and `check` share: every pin is proven again from what was published, so that an edited pin is found
//! even if the sources were edited too.

use provenance_build::manifest::Pin;
use provenance_build::{Drift, Verdict};

use crate::cargo::{CargoCommand, Workspace};
use crate::collect::gate::Gate;
use crate::collect::proofs::Proven;
use crate::collect::situation::Situation;
use crate::finding::drift::Excerpts;
use crate::finding::{Finding, Role, Weight};
use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::Failure;
use crate::report::progress::Progress;

/// Whether something that the repository configures, and that may run code, is not what was recorded. Then no cargo is
/// started: it could be the code.
pub(super) fn is_configured(verdict: &Verdict) -> bool {
    verdict.drift.iter().any(|drift| matches!(drift, Drift::Setting { .. }))
}

/// The workspace behind `gate` as cargo sees it; `None` where cargo takes another directory for its root, which is told.
pub(super) fn workspace(
    surroundings: &Surroundings,
    gate: &Gate,
    report: &mut Report,
) -> Result<Option<Situation>, Failure> {
    let cargo = CargoCommand::new(surroundings);
    let workspace = Workspace::load(&cargo, Some(&gate.root.join("Cargo.toml")))?;
    if workspace.root != gate.root {
        let message = format!("cargo takes `{}` for the workspace root", workspace.root.display());
        let finding = Finding::new("workspace-root", Weight::Denial, message);
        report.findings.push(finding.help("remove the `Cargo.toml` that does not belong there"));
        return Ok(None);
    }
    Ok(Some(Situation::read(surroundings, workspace)?))
}

/// What cargo itself says of a lockfile that does not follow the manifests. Everything else that it may say (a package that
/// is not there while offline) is for the proofs to tell.
pub(super) fn stale(situation: &Situation, progress: &dyn Progress) -> Option<Finding> {
    let answer = situation.cargo.check_lockfile(&situation.manifest, progress);
    let stale = answer.err()?.is_stale_lockfile();
    let finding = Finding::new("lock-stale", Weight::Denial, "`Cargo.lock` does not follow the manifests");
    stale.then(|| finding.help("run `cargo fetch`, then `cargo provenance pin`"))
}

/// Tells what cargo said of the lockfile, unless the kernel has seen the same.
pub(super) fn tell_stale(stale: Option<Finding>, report: &mut Report) {
    let is_told = |stale: &Finding| report.findings.iter().any(|finding| finding.id == stale.id);
    let news = stale.filter(|stale| !is_told(stale));
    report.findings.extend(news);
}

/// Tells which pins are not what was published, and counts. Returns those that could not be proven, and why.
pub(super) fn tell<'p>(
    gate: &Gate,
    proofs: &'p [(&Pin, Proven)],
    report: &mut Report,
) -> Vec<(&'p Pin, &'p str)> {
    let mut unproven = vec![];
    for (pin, proof) in proofs {
        match proof {
            Proven::Yes => {}
            // An archive that is not the pinned one is told of already, and says nothing of the pin.
            Proven::Otherwise(_) if is_replaced(report, pin) => {
                unproven.push((*pin, "a cached archive is not the pinned one"));
            }
            Proven::Otherwise(found) => report.findings.push(forged(gate, pin, found)),
            Proven::Unknown(why) => unproven.push((*pin, why.as_str())),
        }
    }
    report.count("proven", proofs.iter().filter(|(_, proof)| *proof == Proven::Yes).count());
    report.count("not-proven", unproven.len());
    unproven
}

fn is_replaced(report: &Report, pin: &Pin) -> bool {
    let id = pin.id();
    report
        .findings
        .iter()
        .any(|finding| finding.id == "archive-differs" && finding.package.as_ref() == Some(&id))
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
