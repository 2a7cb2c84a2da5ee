//! `init` in a workspace that is behind the gate: `--build-helper` adds the helper and pins what it brings, `--guard` adds the
//! guard and records its settings.
//!
//! Policy and pins stay as they are. What comes in is judged as `pin` judges it, except that the helper itself is accepted and
//! licenses are kept as baseline, as in a fresh `init`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use provenance_build::{PackageName, manifest, toml};

use super::super::gating::{self, Gating};
use super::super::guarding::{self, Guard, Guarding};
use super::super::pin::Own;
use super::super::pinning::{Material, Rigor, draft, split};
use super::super::signing::{self, Replacing, Resigned};
use super::super::vetting::{self, Vetting};
use super::{Error, Helper, Options, Placement, Plan, tell_gates, write};
use crate::advisory;
use crate::cargo::{CargoCommand, Workspace};
use crate::collect::archives::{self, Which};
use crate::collect::cooldown;
use crate::collect::gate::{self, Gate};
use crate::collect::indices::{self, When};
use crate::collect::situation;
use crate::finding;
use crate::helper::{GUARD_NAME, HELPER_NAME};
use crate::model::Surroundings;
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
    let databases = vetting::databases(surroundings, &gate.policy, root, &old.packages, report, progress);
    let known = databases.as_ref().map(Vec::as_slice);
    let configuration = situation::configuration(surroundings, &workspace)?;
    let reviews = vetting::reviews(&gate.policy, root, surroundings.clock, report);
    let index_of = |name: &str| situation::index_of(&configuration, name);
    let vetting = Vetting::new(&gate.policy, known, &index_of, surroundings.clock)
        .among(workspace.members.iter().map(|member| &member.name), old.packages.iter().map(|pin| &pin.name))
        .cooling(cooldown::read(&configuration, root)?)
        .reviewed(reviews.as_ref());
    let plan = Plan::make(surroundings, options, cargo, workspace, &gating, &vetting, progress)?;
    let situation = &plan.situation;
    let own = gating.own.as_ref().and_then(|_| PackageName::parse(HELPER_NAME));
    let declared = own.map(|name| Own { name, reason: REASON.to_owned() }).into_iter().collect::<Vec<_>>();
    let split = split(situation, &gate.policy, Some(old), &declared)?;
    let entering =
        split.entering.iter().map(|index| &situation.lockfile.packages[*index]).collect::<Vec<_>>();
    let notes = indices::freshen(situation, &entering, When::Daily, surroundings.network, progress)?;
    report.not_checked.extend(notes);
    let (mut examined, entrants) =
        vetting.enter(situation, Some(old), surroundings.network, &split.entering, progress)?;
    report.not_checked.extend(entrants.uncompared.iter().cloned());
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
    plan.tell(report, surroundings.clock);
    for id in draft.added.iter().filter(|_| draft.may_be_written()) {
        report.step("Pinning", id.to_string());
    }
    tell_gates(report, &situation.workspace, &gating, options);
    report.findings.extend(draft.findings.iter().cloned());
    vetting.tell_audits(report);
    if !draft.may_be_written() {
        report.outcome = draft.outcome();
        report.conclusion = format!("to add the helper: {}; nothing was changed", report.tally());
        return Ok(());
    }
    let manifest_file = root.join(manifest::FILE_NAME);
    let mut files = BTreeMap::<PathBuf, (Option<String>, String)>::new();
    let new = draft.manifest.to_text();
    let replacing = Replacing {
        root,
        policy: &gate.policy,
        old: gate.seen.text.as_bytes(),
        old_policy: Some(old.policy),
        new: new.as_bytes(),
        unseen: None,
    };
    let mut transaction = Transaction::new(root);
    sign_again(surroundings, &replacing, &mut transaction, report);
    files.insert(manifest_file, (Some(gate.seen.text.clone()), new));
    if let Some(new) = plan.lockfile {
        files.insert(situation.lockfile_path.clone(), (plan.old_lockfile, new));
    }
    for (path, text) in gating.texts {
        files.insert(path, (text.old, text.new));
    }
    // What was judged must still be so when the pins are put in place.
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

/// Puts the guard into a workspace that is behind the gate.
pub(super) fn add_guard(
    report: &mut Report,
    surroundings: &Surroundings,
    workspace: &Workspace,
    guard: Guard,
) -> Result<(), Error> {
    let root = &workspace.root;
    let guarding = Guarding::plan(root, guard)?;
    let configuration = situation::configuration(surroundings, workspace)?;
    let (old, manifest) = guarding::recorded(root, &guarding, &configuration.recorded)?;
    if guarding.old.as_ref() == Some(&guarding.new) {
        report.conclusion = "the guard is in place already; nothing was changed".to_owned();
        return Ok(());
    }
    guarding.tell(root, guard, report);
    let policy_file = root.join(policy::FILE_NAME);
    let policy = gate::parse_policy(&toml::read(&policy_file)?, root)?;
    let new = manifest.to_text();
    let mut transaction = Transaction::new(root);
    let replacing = Replacing {
        root,
        policy: &policy,
        old: old.as_bytes(),
        old_policy: Some(manifest.policy),
        new: new.as_bytes(),
        unseen: None,
    };
    sign_again(surroundings, &replacing, &mut transaction, report);
    let files = BTreeMap::from([
        (root.join(manifest::FILE_NAME), (Some(old), new)),
        (guarding.file, (guarding.old, guarding.new)),
    ]);
    write(root, &files, transaction, report)?;
    report.conclusion = "the guard is in place; review and commit what was written".to_owned();
    Ok(())
}

fn sign_again(
    surroundings: &Surroundings,
    replacing: &Replacing<'_>,
    transaction: &mut Transaction,
    report: &mut Report,
) {
    if let Some(Resigned { path, old, new }) = signing::resign(surroundings, replacing, report) {
        transaction.replace(&path, old, new);
    }
}

/// Why a gated workspace gets the helper, the guard or pipelines, and not several in one step.
pub(super) fn one_at_a_time() -> Error {
    Error::Misplaced {
        what: "this workspace is behind the gate already, and gets the helper, the guard and pipelines one at a time"
            .to_owned(),
        help: "run `cargo provenance init` with one of `--build-helper`, `--guard` and `--ci`, then with the next"
            .to_owned(),
    }
}
