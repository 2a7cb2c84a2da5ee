//! What `init` finds: for the policy that it writes, and for the screen.

use std::collections::{BTreeMap, BTreeSet};

use provenance_build::Source;
use provenance_build::manifest::{Basis, BuildTime};

use super::super::pinning::{Draft, Split};
use crate::collect::entrants::{Entrant, Proven};
use crate::collect::situation::Situation;
use crate::model::LicenseExpression;
use crate::policy::{PERMISSIVE, Template};
use crate::report::{Report, plural};
use crate::vet::waiver::Waiver;

/// What the new policy names.
pub(super) fn found(situation: &Situation, split: &Split<'_>, proven: &[Proven], own: &[String]) -> Template {
    let mut template = Template { own: own.to_vec(), ..Template::default() };
    let mut dated = BTreeMap::<&Source, bool>::new();
    for (&index, proven) in split.entering.iter().zip(proven) {
        let Some(source) = &situation.lockfile.packages[index].id.source else { continue };
        if source.is_git() {
            template.git.push(source.url().to_owned());
            continue;
        }
        let releases = proven.as_ref().ok().and_then(|entrant| entrant.releases.known());
        let has_time = releases.is_none_or(|all| all.iter().any(|release| release.published.is_some()));
        *dated.entry(source).or_default() |= has_time;
    }
    for (source, dated) in dated {
        let name = registry_name(situation, source);
        template.registries.push((name, dated || source.is_crates_io()));
    }
    if template.registries.is_empty() {
        template.registries.push(("crates-io".to_owned(), true));
    }
    // What cannot be listed stays as baseline with the package that has it.
    let licenses = proven.iter().flatten().filter_map(expression).flat_map(|license| license.sufficient());
    let licenses = licenses.map(|license| license.to_string()).chain(PERMISSIVE.map(str::to_owned));
    template.licenses = licenses.collect::<BTreeSet<_>>().into_iter().collect();
    template
}

/// `crates-io`, the name that the repository's cargo configuration has for a registry, or its source id.
fn registry_name(situation: &Situation, source: &Source) -> String {
    if source.is_crates_io() {
        return "crates-io".to_owned();
    }
    let names = situation.configuration.recorded.keys().filter_map(|key| {
        let key = key.rsplit_once('#').map_or(key.as_str(), |(_, key)| key);
        key.strip_prefix("registries.")?.strip_suffix(".index")
    });
    let means = |name: &&str| {
        let index = situation.index_of(name).unwrap_or_default();
        source.as_str() == index || source.as_str().strip_prefix("registry+") == Some(&index)
    };
    let name = names.into_iter().find(means).filter(|name| !name.contains(['"', '.']));
    name.map_or_else(|| source.as_str().to_owned(), str::to_owned)
}

/// What a package says about its license, where that can be read.
fn expression(entrant: &Entrant) -> Option<LicenseExpression> {
    LicenseExpression::parse(entrant.license.expression.as_ref()?).ok()
}

pub(super) fn tell_found(report: &mut Report, situation: &Situation, draft: &Draft, proven: &[Proven]) {
    let mut sources = BTreeMap::<String, usize>::new();
    for pin in &draft.manifest.packages {
        let from = match pin.source() {
            Some(source) => source.display_name().to_owned(),
            None => "paths".to_owned(),
        };
        *sources.entry(from).or_default() += 1;
    }
    for (source, number) in &sources {
        report.step("Found", format!("{} from {source}", plural(*number, "package")));
    }
    report.step("Found", plural(draft.manifest.members.len(), "member"));
    let runs =
        |kind: BuildTime| draft.manifest.packages.iter().filter(|pin| pin.build_time.contains(&kind)).count();
    let (scripts, macros) = (runs(BuildTime::BuildScript), runs(BuildTime::ProcMacro));
    if scripts + macros > 0 {
        let (scripts, macros) = (plural(scripts, "build script"), plural(macros, "procedural macro"));
        report.step("Found", format!("{scripts} and {macros}, which run while others compile"));
    }
    let mut counts = BTreeMap::<String, usize>::new();
    for license in proven.iter().flatten().filter_map(expression).flat_map(|license| license.names()) {
        *counts.entry(license.to_string()).or_default() += 1;
    }
    if !counts.is_empty() {
        let names = counts.iter().map(|(name, number)| format!("{name} ({number})")).collect::<Vec<_>>();
        report.step("Found", format!("licenses {}", names.join(", ")));
    }
    let mut waived = BTreeMap::<String, usize>::new();
    for waived_finding in draft.waived.iter().filter(|waived| waived.by == Waiver::Baseline) {
        *waived.entry(waived_finding.finding.id.to_owned()).or_default() += 1;
        report.detail("Baseline", waived_finding.finding.message.clone());
    }
    if !waived.is_empty() {
        let names = waived.iter().map(|(name, number)| format!("{name} ({number})")).collect::<Vec<_>>();
        report.step("Keeping", format!("as baseline what checks found: {}", names.join(", ")));
    }
    for setting in situation.configuration.recorded.values() {
        report.step("Recording", format!("cargo setting `{} = {}`", setting.key, setting.value));
    }
    for member in &draft.manifest.members {
        report.detail("Listing", format!("member {} ({})", member.name, member.path));
    }
    report.count("packages", draft.manifest.packages.len());
    report.count("members", draft.manifest.members.len());
    report.count("build-scripts", scripts);
    report.count("proc-macros", macros);
    report.count("cargo-settings", situation.configuration.recorded.len());
    report.findings.extend(draft.findings.iter().cloned());
    let unseen = draft.manifest.packages.iter().filter(|pin| pin.trust.basis == Basis::Baseline).count();
    if unseen > 0 {
        report.not_checked.push(format!(
            "{}: pinned as they are (`baseline`), nobody has looked at them yet",
            plural(unseen, "package")
        ));
    }
}
