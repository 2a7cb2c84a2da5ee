//! `build-secret-name`: build-time code that names a secret.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-secret-name",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that names an environment variable which holds a secret.

`CARGO_REGISTRY_TOKEN`, `GITHUB_TOKEN`, `AWS_SECRET_ACCESS_KEY`, `SSH_AUTH_SOCK`, private keys and their like are looked for.

No build needs the credentials of whoever builds. The worms of 2025 and 2026 (Shai-Hulud) published themselves with
the tokens that they found on build servers.

Do not build it where such a variable is set. Use another version, and tell the registry.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(
        dossier,
        &[What::SecretName, What::PrivateKey],
        "names a secret of the environment",
    );
    of_code::with(seen, "do not build it; look for another version, and tell the registry")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_secret_is_told_from_a_setting() {
        scripts(
            CHECK.id,
            Some(Weight::Denial),
            &[
                r#"fn main() { std::env::var("CARGO_REGISTRY_TOKEN"); }"#,
                r#"fn main() { let a = option_env!("GITHUB_TOKEN"); }"#,
                r#"fn main() { std::env::var(concat!("AWS_SECRET", "_ACCESS_KEY")); }"#,
                r#"fn main() { std::env::var("WALLET_PRIVATE_KEY"); }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                r#"fn main() { std::env::var("AWS_LC_SYS_STATIC"); }"#,
                r#"fn main() { std::env::var("TARGET"); }"#,
                "// GITHUB_TOKEN\nfn main() {}",
            ],
        );
    }
}
