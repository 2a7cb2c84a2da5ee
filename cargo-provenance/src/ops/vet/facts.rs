//! What `vet` tells of a package besides the findings.

use provenance_build::Manifest;
use provenance_build::manifest::BuildTime;

use super::{Contents, Proven, Record, Report, Subject, listed, plural};
use crate::model::{Clock, Date, Dependency, DependencyKind};
use crate::vet::release::ago;

/// What a package holds, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Contained {
    files: usize,
    bytes: usize,
}

impl Contained {
    /// Counts while the contents are at hand.
    pub(super) fn of(contents: Contents<'_>) -> Self {
        let files = contents.archive.into_iter().flat_map(|archive| archive.files());
        files.fold(Self::default(), |sum, file| Self {
            files: sum.files + 1,
            bytes: sum.bytes + file.content.len(),
        })
    }
}

/// What is known of a package before its archive is read.
pub(super) fn tell(
    report: &mut Report,
    subject: &Subject,
    record: &Record,
    manifest: Option<&Manifest>,
    now: Clock,
) {
    let id = &record.id;
    let from = match (&subject.file, &id.source) {
        (Some(file), _) => format!("`{}`", file.display()),
        (None, Some(source)) => source.display_name().to_owned(),
        (None, None) => "a path".to_owned(),
    };
    report.step("Vetting", format!("{} from {from}", id.short()));
    if let Some(pin) = manifest.and_then(|manifest| manifest.pin_for(id)) {
        let basis = pin.trust.basis.as_str();
        report.step("Pinned", format!("Provenance.lock:{}, basis `{basis}`", pin.line.0));
    } else if let Some(before) = &record.circumstances.replaces {
        report.step("Replacing", format!("v{before}, which is pinned"));
    }
    if let Some(release) = listed(record) {
        let published = match release.published {
            Some(at) => format!("{}, {}", Date::of_seconds(at), ago(at, now)),
            None => "at a time that its registry does not tell".to_owned(),
        };
        let releases = record.history.known().map(Vec::as_slice).unwrap_or_default();
        let first = releases.iter().filter_map(|release| release.published).min();
        let first = first.map(|at| format!(", the first on {}", Date::of_seconds(at))).unwrap_or_default();
        let versions = plural(releases.len(), "version");
        report.step("Published", format!("{published}; {versions}{first}"));
        report.step("Depends", dependencies(&release.dependencies));
    }
}

/// What reading its archive brought to light.
pub(super) fn tell_contents(report: &mut Report, proven: Option<&Proven>, contained: Option<&Contained>) {
    let Some(Ok(entrant)) = proven else { return };
    let license = match (&entrant.license.expression, &entrant.license.file) {
        (Some(expression), _) => expression.clone(),
        (None, Some(file)) => format!("in the file `{file}`"),
        (None, None) => "none is named".to_owned(),
    };
    report.step("License", license);
    let kinds = entrant.build_time.iter().map(|kind| match kind {
        BuildTime::BuildScript => "a build script",
        BuildTime::ProcMacro => "a procedural macro",
    });
    let kinds = kinds.collect::<Vec<_>>().join(" and ");
    let kinds = if kinds.is_empty() { "no code that runs at build time".to_owned() } else { kinds };
    report.step("Build time", kinds);
    if let Some(Contained { files, bytes }) = contained {
        report.step("Holding", format!("{}, {} kB unpacked", plural(*files, "file"), bytes.div_ceil(1_000)));
    }
    if let Some(checksum) = entrant.checksum {
        report.step("Checksum", checksum.to_string());
    }
    report.step("Tree", entrant.tree.to_string());
}

/// The packages that it depends on directly, with what they are for. Those for its own tests would not come along.
fn dependencies(all: &[Dependency]) -> String {
    let coming = all.iter().filter(|dependency| dependency.kind != DependencyKind::Dev);
    let mut coming = coming.collect::<Vec<_>>();
    coming.sort();
    let named = |dependency: &&Dependency| {
        let kind = (dependency.kind == DependencyKind::Build).then_some("build");
        let optional = dependency.optional.then_some("optional");
        let how = [kind, optional].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let name = &dependency.package;
        if how.is_empty() { name.to_string() } else { format!("{name} ({how})") }
    };
    let mut named = coming.iter().map(named).collect::<Vec<_>>();
    // The same package may be wanted on several platforms.
    named.dedup();
    match named.len() {
        0 => "on nothing".to_owned(),
        _ => format!("on {}", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use provenance_build::PackageName;

    use super::*;

    #[test]
    fn dependencies_of_its_tests_do_not_come_along() {
        let dependency = |name: &str, kind, optional| Dependency {
            package: PackageName::parse(name).expect("a name"),
            kind,
            optional,
        };
        let all = [
            dependency("z", DependencyKind::Normal, false),
            dependency("a", DependencyKind::Build, true),
            dependency("t", DependencyKind::Dev, false),
            dependency("z", DependencyKind::Normal, false),
        ];
        assert_eq!(dependencies(&all), "on a (build, optional), z");
        assert_eq!(dependencies(&all[2..3]), "on nothing");
    }
}
