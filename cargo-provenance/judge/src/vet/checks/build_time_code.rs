//! `build-time-code`: a package with code that runs while others compile.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-time-code",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Allow,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A package with code that runs while other packages compile: a build script, or a procedural macro.

One in five packages has some, so nobody is asked: each pin records it as `build-time`, and `build-script-new`,
`proc-macro-new` and `build-script-changed` tell what is new. A team that wants to decide about each of them sets
`build-time-code = \"review\"`.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(code) = of_code::code(dossier) else { return vec![] };
    let name = dossier.id.short();
    let scripts =
        code.build_scripts.iter().map(|script| (script.as_str(), format!("the build script `{script}`")));
    let of_macro = code.proc_macro.then(|| ("proc-macro", "a procedural macro".to_owned()));
    let parts = scripts.chain(of_macro);
    parts.map(|(subject, what)| Observation::new(format!("`{name}` has {what}")).on(subject)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, packed, release};

    fn found(policy: &str, rest: &str) -> Vec<&'static str> {
        let mut case = Case::new(policy, "1.0.0", vec![release("1.0.0", 900)]);
        case.archive(packed(rest).file("build.rs", b"fn main() {}"));
        ids(&case.judged())
    }

    #[test]
    fn only_a_policy_makes_it_count() {
        let review = "[checks]\nbuild-time-code = \"review\"";
        assert_eq!(found("", "[lib]\nproc-macro = true"), [""; 0]);
        assert_eq!(found(review, "[lib]\nproc-macro = true"), ["build-time-code"; 2]);
        assert_eq!(found(review, ""), ["build-time-code"]);
        assert_eq!(found(review, "build = false"), [""; 0]);
    }
}
