//! What is known of every package, for a page.

use provenance_build::LockedPackage;
use provenance_build::manifest::{Basis, BuildTime, Pin};

use super::{Entrants, Gate, Graph, Record};
use crate::model::{Clock, Date};
use crate::report::ledger::{Accepted, Entry, Exemption, Ledger, Standing, Trust};

/// What the pins and the lockfile tell of the packages. Where the lockfile names a dependency that is not in it, none is known.
pub(super) fn of(gate: &Gate, now: Clock) -> Ledger {
    let lockfile = &gate.seen.observation.lockfile;
    let graph = Graph::of(lockfile).ok();
    let packages = lockfile.packages.iter().enumerate().map(|(index, package)| Entry {
        dependencies: graph.as_ref().map(|graph| graph.dependencies(index).to_vec()).unwrap_or_default(),
        ..entry(gate, package)
    });
    let exceptions = gate.policy.exceptions().iter().map(|at| {
        let it = &at.value;
        let version = it.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        Exemption {
            check: keyed(it.check, it.subject.as_deref()),
            package: format!("{}{version}", it.package),
            reason: it.reason.clone(),
            expires: it.expires,
        }
    });
    Ledger {
        workspace: gate.root.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        on: Date::of_seconds(now.0),
        packages: packages.collect(),
        exceptions: exceptions.collect(),
    }
}

/// Adds what the registries and the archives tell of packages, named by their places in the lockfile.
pub(super) fn enrich(ledger: &mut Ledger, wanted: &[usize], records: &[Record], entrants: &Entrants) {
    for ((index, record), proven) in wanted.iter().zip(records).zip(&entrants.proven) {
        let Some(entry) = ledger.packages.get_mut(*index) else { continue };
        let published = record.release.known().and_then(|release| release.published);
        entry.published = published.map(Date::of_seconds);
        if let Ok(entrant) = proven {
            let license = &entrant.license;
            let file = || license.file.as_ref().map(|file| format!("see {file}"));
            entry.license = license.expression.clone().or_else(file);
            // What the archive says counts where no pin says it.
            if entry.standing == Standing::Unpinned {
                entry.build_time = build_time(&entrant.build_time);
            }
        }
    }
}

fn entry(gate: &Gate, package: &LockedPackage) -> Entry {
    let id = &package.id;
    let manifest = &gate.seen.manifest;
    let pin = manifest.pin_for(id).filter(|pin| pin.checksum == package.checksum);
    let member = manifest.members.iter().find(|member| id.source.is_none() && member.name == id.name);
    let standing = match (pin, member) {
        (Some(pin), _) => Standing::Pinned(trust(pin), pin.trust.from.clone()),
        (None, Some(member)) => Standing::Own(member.path.clone()),
        (None, None) => Standing::Unpinned,
    };
    let accepted = |pin: &Pin| {
        let all = pin.accepted.iter().map(|it| Accepted {
            check: keyed(&it.check, it.id.as_deref()),
            by: it.by.clone(),
            on: it.on.clone(),
            reason: it.reason.clone(),
        });
        all.collect()
    };
    let vetted = pin.and_then(|pin| pin.vetted.as_ref()).map(|vetted| match &vetted.advisories {
        Some(date) => format!("check set {}, advisories up to {date}", vetted.checks),
        None => format!("check set {}, no advisories", vetted.checks),
    });
    Entry {
        name: id.name.to_string(),
        version: id.version.to_string(),
        from: id.source.as_ref().map_or("a path", |source| source.display_name()).to_owned(),
        standing,
        build_time: pin.map(|pin| build_time(&pin.build_time)).unwrap_or_default(),
        published: None,
        license: None,
        vetted,
        repository: pin.and_then(|pin| pin.repository.clone()),
        accepted: pin.map(accepted).unwrap_or_default(),
        baseline: pin.map(|pin| pin.baseline.clone()).unwrap_or_default(),
        dependencies: vec![],
    }
}

fn trust(pin: &Pin) -> Trust {
    match pin.trust.basis {
        Basis::Accepted => Trust::Accepted,
        Basis::Audit => Trust::Audit,
        Basis::Baseline => Trust::Baseline,
        Basis::Policy => Trust::Policy,
        Basis::Publisher => Trust::Publisher,
    }
}

fn build_time(kinds: &[BuildTime]) -> Vec<&'static str> {
    let word = |kind: &BuildTime| match kind {
        BuildTime::BuildScript => "build script",
        BuildTime::ProcMacro => "procedural macro",
    };
    kinds.iter().map(word).collect()
}

fn keyed(check: &str, subject: Option<&str>) -> String {
    match subject {
        Some(subject) => format!("{check}/{subject}"),
        None => check.to_owned(),
    }
}
