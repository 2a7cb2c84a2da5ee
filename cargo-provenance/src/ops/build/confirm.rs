//! Whether everything that cargo compiled came from where it may: its own artifact messages say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use provenance_build::members::normal;
use provenance_build::tree::Layout;

use super::super::verify;
use crate::cargo::Artifact;
use crate::collect::gate::Gate;
use crate::finding::{Finding, Weight};
use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::Failure;
use crate::report::progress::Progress;

/// What did not come from a member's directory or a pinned one. A package that was not on disk before the build is looked
/// for again.
pub(super) fn confirm(
    surroundings: &Surroundings,
    gate: &Gate,
    artifacts: &[Artifact],
    progress: &dyn Progress,
) -> Result<Vec<Finding>, Failure> {
    let known = Known::of(gate);
    let unknown = artifacts.iter().filter(|artifact| !known.holds(&artifact.manifest)).collect::<Vec<_>>();
    if unknown.is_empty() {
        return Ok(vec![]);
    }
    let mut again = Report::new("verify");
    let gate = verify::compare(surroundings, &verify::Options::default(), &mut again, progress)?;
    let known = Known::of(&gate);
    let mut findings = std::mem::take(&mut again.findings);
    findings.retain(|finding| finding.weight == Weight::Denial);
    let unknown = unknown.into_iter().filter(|artifact| !known.holds(&artifact.manifest));
    findings.extend(unknown.map(|artifact| {
        let message = format!("`{}` was compiled from `{}`", artifact.target, artifact.manifest.display());
        Finding::new("artifact-not-pinned", Weight::Denial, message)
            .note("that is neither a member nor a directory that was compared with a pin".to_owned())
            .help("look for what leads cargo there: `paths`, `[patch]`, `[source]`, `--config`")
    }));
    Ok(findings)
}

/// The directories that packages may be compiled from.
struct Known {
    packages: BTreeSet<PathBuf>,
    checkouts: BTreeSet<PathBuf>,
}

impl Known {
    fn of(gate: &Gate) -> Self {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let members =
            gate.seen.manifest.members.iter().map(|member| real(&normal(&gate.root.join(&member.path))));
        let mut known = Self { packages: members.collect(), checkouts: BTreeSet::new() };
        for place in gate.seen.located.iter().flat_map(|located| &located.directories) {
            let places = match place.layout {
                Layout::Checkout => &mut known.checkouts,
                Layout::Directory | Layout::Path | Layout::Registry => &mut known.packages,
            };
            places.insert(real(&place.directory));
        }
        known
    }

    fn holds(&self, manifest: &Path) -> bool {
        let Some(folder) = manifest.parent() else { return false };
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        self.packages.contains(&folder) || folder.ancestors().any(|above| self.checkouts.contains(above))
    }
}
