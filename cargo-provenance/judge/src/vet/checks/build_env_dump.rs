//! `build-env-dump`: build-time code that reads the whole environment.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-env-dump",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that reads the whole environment.

It is noted; together with a connection it is up for review: jfrog_quotes and its siblings (2025) swept the
environment of build servers, where the secrets are. Ten of 4,500 packages read it all, to pass it on to another
build.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(dossier, &[What::EnvDump], "reads the whole environment");
    let build_time = of_code::code(dossier).map(|code| &code.build_time);
    let is_online = build_time.is_some_and(|part| part.has(What::Net) || part.has(What::NetName));
    match is_online {
        true => of_code::leads(seen, Level::Review, "find out what it sends, and to whom"),
        false => seen,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn the_whole_environment_is_told_from_a_variable() {
        scripts(
            CHECK.id,
            Some(Weight::Note),
            &[
                "fn main() { for (k, v) in std::env::vars() {} }",
                "use std::env; fn main() { env::vars_os(); }",
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[r#"fn main() { std::env::var("TARGET"); }"#, "fn main() { let vars = 1; vars(); }"],
        );
    }
}
