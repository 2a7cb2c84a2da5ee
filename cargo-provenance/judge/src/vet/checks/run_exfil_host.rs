//! `run-exfil-host`: code that names a place for stolen data.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "run-exfil-host",
    group: Group::RunTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A library that names a host which anybody can use without leaving a name.

A bot of Telegram, a web hook of Discord or Slack, `webhook.site`, `workers.dev`, `ngrok`, a hidden service.

faster_log (2025) and rpc-check (2026) sent what they stole to such hosts. A client of that very service names it too.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(code) = of_code::code(dossier) else { return vec![] };
    let seen = of_code::in_each_file(
        dossier,
        &code.run_time,
        &[What::ExfilHost],
        "the code",
        "names a host that stolen data is sent to",
    );
    of_code::with(seen, "read what is sent there")
}

#[cfg(test)]
mod tests {
    use super::super::samples::libraries;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_hook_is_told_from_a_page() {
        libraries(
            CHECK.id,
            Some(Weight::Review),
            &[r#"fn f() { let a = "https://api.telegram.org/bot1"; }"#],
        );
        libraries(
            CHECK.id,
            None,
            &[
                r#"fn f() { let a = "https://example.invalid"; }"#,
                "/// https://webhook.site\nfn f() {}",
                r#"#[cfg(test)] mod tests { const A: &str = "https://webhook.site"; }"#,
            ],
        );
    }
}
