//! `build-exfil-host`: build-time code that names a place for stolen data.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-exfil-host",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that names a host which anybody can use without leaving a name.

A bot of Telegram, a web hook of Discord or Slack, `webhook.site`, `workers.dev`, `ngrok`, a hidden service.

envlogger, serd and their siblings (2023-08) sent data about the machine to Telegram from their build script. None of
4,000 packages names one there.

Do not build it. Use another version, and tell the registry.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen =
        of_code::at_build_time(dossier, &[What::ExfilHost], "names a host that stolen data is sent to");
    of_code::with(seen, "do not build it; look for another version, and tell the registry")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_hook_is_told_from_a_page() {
        scripts(
            CHECK.id,
            Some(Weight::Denial),
            &[
                r#"fn main() { let a = "https://api.telegram.org/bot1"; }"#,
                r#"fn main() { let a = concat!("https://disc", "ord.com/api/webhooks/1"); }"#,
                r#"fn main() { let a = "x.workers.dev"; }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                r#"fn main() { let a = "https://discord.com/invite/x"; }"#,
                r#"fn main() { let a = "profile.io"; }"#,
                "// https://webhook.site\nfn main() {}",
            ],
        );
    }
}
