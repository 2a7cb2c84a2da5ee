//! `build-tls-off`: build-time code that takes any certificate.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-tls-off",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that switches off the check of certificates.

An honest download has no reason for it; the build script of proc-macro1 (2026-08-20) did it so that its server needed
no name. None of 4,500 packages does it.

Do not build it. Use another version, and tell the registry.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(dossier, &[What::TlsOff], "takes any certificate");
    of_code::with(seen, "do not build it; look for another version, and tell the registry")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn any_certificate_is_told_from_a_word() {
        scripts(
            CHECK.id,
            Some(Weight::Denial),
            &[
                "impl rustls::client::ServerCertVerifier for Any {}",
                "fn main() { c.danger_accept_invalid_certs(true); }",
                "fn main() { c.dangerous().set_certificate_verifier(x); }",
                r#"fn main() { std::process::Command::new("wget").arg("--no-check-certificate"); }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &["fn main() { let dangerous = 1; }", "// danger_accept_invalid_certs(true)\nfn main() {}"],
        );
    }
}
