//! `init --build-helper` in a workspace that is behind the gate: adds the helper, and pins what it brings.
//!
//! Policy and pins stay as they are. What comes in is judged as `pin` judges it, except that the helper itself is accepted and
//! licenses are kept as baseline, as in a fresh `init`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use provenance_build::{PackageName, manifest, toml};

use super::super::gating::{self, Gating};
use super::super::pin::Own;
use super::super::pinning::{self, Material, Rigor, draft, split};
use super::super::vetting::{self, Vetting};
use super::{Helper, Options, Placement, Plan, tell_gates, write};
use crate::advisory;
use crate::cargo::{CargoCommand, Workspace};
use crate::collect::archives::{self, Which};
use crate::collect::gate::Gate;
use crate::collect::indices::{self, When};
use crate::finding;
use crate::helper::{GUARD_NAME, HELPER_NAME};
use crate::model::{Evidence, Surroundings};
use crate::policy;
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};
use crate::store::Transaction;
use crate::vet::{not_judged, waiver};

/// Why the team takes the helper's directory for its own.
const REASON: &str = "the build helper of this tool";

/// Adds the helper.
pub(super) fn add_helper(
    report: &mut Report,
    surroundings: &Surroundings,
    (options, helper): (&Options, &Helper),
    cargo: &CargoCommand,
    workspace: Workspace,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    // What is not pinned yet would come in with the helper, unseen.
    let mut gate = Gate::open(surroundings)?;
    archives::hash(&mut gate.seen, Which::Needed, progress)?;
    let verdict = gate.verdict();
    if !verdict.drift.is_empty() {
        report.findings.extend(verdict.drift.iter().map(|drift| finding::drift::of(drift, &gate)));
        report.outcome = Outcome::Drift;
        let differences = plural(report.findings.len(), "difference");
        report.conclusion =
            format!("to add the helper: the workspace is not what its manifest says, {differences}");
        return Ok(());
    }
    let (root, old) = (&gate.root, &gate.seen.manifest);
    let is_there = helper.placement == Placement::Guard
        && gating::gated_already(&workspace).iter().any(|member| member == GUARD_NAME);
    let gating = if is_there { Gating::default() } else { gating::plan(&workspace, helper)? };
    if gating.texts.is_empty() {
        if !is_there {
            tell_gates(report, &workspace, &gating, options);
        }
        report.conclusion = "the helper is in place already; nothing was changed".to_owned();
        return Ok(());
    }
    let plan = Plan::make(surroundings, options, cargo, workspace, &gating, progress)?;
    let situation = &plan.situation;
    let own = gating.own.as_ref().and_then(|_| PackageName::parse(HELPER_NAME));
    let declared = own.map(|name| Own { name, reason: REASON.to_owned() }).into_iter().collect::<Vec<_>>();
    let split = split(situation, &gate.policy, Some(old), &declared)?;
    let entering =
        split.entering.iter().map(|index| &situation.lockfile.packages[*index]).collect::<Vec<_>>();
    let notes = indices::freshen(situation, &entering, When::Daily, surroundings.network, progress)?;
    report.not_checked.extend(notes);
    let databases = match split.entering.is_empty() {
        true => Evidence::Absent,
        false => vetting::databases(surroundings, &gate.policy, root, &old.packages, report, progress),
    };
    let index_of = |name: &str| situation.index_of(name);
    let known = databases.as_ref().map(Vec::as_slice);
    let vetting = Vetting::new(&gate.policy, known, &index_of, surroundings.clock);
    let (mut examined, entrants) =
        vetting.enter(situation, Some(old), surroundings.network, &split.entering, progress)?;
    let mut exceptions = vetting.exceptions();
    let settled = examined.iter_mut().map(|examined| {
        let judgment = std::mem::take(&mut examined.judgment);
        let mut vetted = vetting.settle(judgment, None, &mut exceptions);
        vetting.let_helper_in(&mut vetted);
        vetted
    });
    let vetted = settled.collect::<Vec<_>>();
    let mut draft = draft(Material {
        situation,
        policy: &gate.policy,
        old: Some(old),
        split: &split,
        examined: &examined,
        vetted: &vetted,
        advisories: databases.known().and_then(advisory::newest),
        declared: &declared,
        rigor: Rigor::Policy,
    })?;
    waiver::tell_ways(&mut draft.findings, vetting.today(), "");
    draft.findings.extend(not_judged(&draft.open));
    for id in draft.added.iter().filter(|_| draft.may_be_written()) {
        report.step("Pinning", id.to_string());
    }
    tell_gates(report, &situation.workspace, &gating, options);
    report.findings.extend(draft.findings.iter().cloned());
    report.not_checked.push(pinning::NOT_JUDGED.to_owned());
    if !draft.may_be_written() {
        report.outcome = draft.outcome();
        report.conclusion = format!("to add the helper: {}; nothing was changed", report.tally());
        return Ok(());
    }
    let manifest_file = root.join(manifest::FILE_NAME);
    let mut files = BTreeMap::<PathBuf, (Option<String>, String)>::new();
    files.insert(manifest_file, (Some(old.to_text()), draft.manifest.to_text()));
    if let Some(new) = plan.lockfile {
        files.insert(situation.lockfile_path.clone(), (plan.old_lockfile, new));
    }
    for (path, text) in gating.texts {
        files.insert(path, (text.old, text.new));
    }
    // What was judged must still be so when the pins are put in place.
    let mut transaction = Transaction::new(root);
    let policy_file = root.join(policy::FILE_NAME);
    let policy = toml::read(&policy_file)?.into_bytes();
    transaction.replace(&policy_file, Some(policy.clone()), policy);
    entrants.settle(|_| true, progress)?;
    write(root, &files, transaction, report)?;
    report.conclusion = format!(
        "the helper is in place, {} pinned for it; review and commit what was written",
        plural(draft.added.len(), "package")
    );
    Ok(())
}
