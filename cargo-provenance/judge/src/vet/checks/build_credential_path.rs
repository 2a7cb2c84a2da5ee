//! `build-credential-path`: build-time code that names a file of credentials.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-credential-path",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that names a file of credentials, or one that runs at every login.

`.ssh`, `.aws`, `.cargo/credentials`, `.netrc`, `authorized_keys`, `crontab`, `LaunchAgents` and their like are looked for.

microsoftsystem64 (2026-04) put a key of its own into `authorized_keys`. No build needs these files. `.env`, which
procedural macros read for the settings of a database, is only up for review.

Do not build it. Use another version, and tell the registry.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let settings = of_code::at_build_time(dossier, &[What::DotEnv], "names a file of settings");
    let settings = of_code::leads(settings, Level::Review, "find out what it reads there");
    let seen = of_code::at_build_time(
        dossier,
        &[What::CredentialPath],
        "names a file of credentials, or one that runs at every login",
    );
    let seen = of_code::with(seen, HELP);
    let is_known = |it: &Observation| seen.iter().any(|seen| seen.subject == it.subject);
    let settings = settings.into_iter().filter(|it| !is_known(it)).collect::<Vec<_>>();
    seen.into_iter().chain(settings).collect()
}

const HELP: &str = "do not build it; look for another version, and tell the registry";

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn credentials_are_told_from_names_like_theirs() {
        scripts(
            CHECK.id,
            Some(Weight::Denial),
            &[
                r#"fn main() { let a = home.join(".ssh").join("id_rsa"); }"#,
                r#"fn main() { let a = "~/.cargo/credentials.toml"; }"#,
                r#"fn main() { let a = concat!("/etc/cron", "tab"); }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                r#"fn main() { let a = "docs.aws"; }"#,
                r#"fn main() { let a = ".environment"; }"#,
                "// ~/.ssh/id_rsa\nfn main() {}",
            ],
        );
    }
}
