//! `build-net-dependency`: build-time code with a dependency that brings the network.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-net-dependency",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A dependency of a build script or of a procedural macro that brings the network.

Whoever needs `ureq` or `reqwest` to build downloads something, also where a function of another package does the work. Three of
4,500 packages have one.

Find out what is downloaded, and prefer a package that brings it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(code) = of_code::code(dossier) else { return vec![] };
    let name = dossier.id.short();
    let seen = code.net_dependencies.iter().map(|dependency| {
        let what =
            format!("what `{name}` runs at build time depends on `{dependency}`, which brings the network");
        Observation::new(what).on(dependency).help("find out what it downloads before you accept it")
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, packed, release};
    use super::*;

    #[test]
    fn only_what_runs_at_build_time_counts() {
        for (rest, expected) in [
            ("[build-dependencies]\nureq = '2'\ncc = '1'", &["ureq"][..]),
            ("[build-dependencies]\nweb = { package = 'reqwest', version = '1' }", &["reqwest"]),
            ("[target.'cfg(unix)'.build-dependencies]\ncurl = '1'", &["curl"]),
            ("[lib]\nproc-macro = true\n[dependencies]\nureq = '2'", &["ureq"]),
            ("[dependencies]\nureq = '2'\n[dev-dependencies]\ncurl = '1'", &[]),
            ("[build-dependencies]\ncc = '1'", &[]),
        ] {
            let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
            case.archive(packed(rest));
            let findings = case.judged().findings;
            let found = findings.iter().filter(|finding| finding.id == CHECK.id);
            let found = found.filter_map(|finding| finding.subject.as_deref()).collect::<Vec<_>>();
            assert_eq!(found, expected, "{rest}");
        }
    }
}
