//! `run-credentials-and-net`: code that knows credentials and the network.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "run-credentials-and-net",
    group: Group::RunTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A library that names a file or a variable with credentials, and that opens connections.

rpc-check and tracing-check (2026-02) read keys of SSH and of wallets and sent them to `vercel.app`; time_calibrator
(2026-03) did so with `.env`. Clients of a service name its token too: read where the value goes.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::together(
        dossier,
        "names credentials, and opens connections",
        &[&[What::CredentialPath, What::SecretName], &[What::Net]],
    );
    of_code::with(
        seen,
        "read the files that are named; where the code is needed and honest, accept it for these bytes",
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples::libraries;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn theft_is_told_from_a_client() {
        libraries(
            CHECK.id,
            Some(Weight::Review),
            &[
                r#"fn f() { let k = home.join(".ssh/id_rsa"); std::net::TcpStream::connect("x.invalid:80"); }"#,
                r#"fn f() { std::env::var("GITHUB_TOKEN"); reqwest::get("http://x.invalid"); }"#,
            ],
        );
        libraries(
            CHECK.id,
            None,
            &[
                r#"fn f() { let k = home.join(".ssh/id_rsa"); }"#,
                r#"fn f() { std::net::TcpStream::connect("x.invalid:80"); }"#,
                r#"fn f() { std::net::TcpStream::connect("x"); } #[cfg(test)] mod tests { fn g() { let k = ".ssh"; } }"#,
            ],
        );
    }
}
