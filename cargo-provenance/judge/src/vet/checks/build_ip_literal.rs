//! `build-ip-literal`: build-time code with the address of a machine.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-ip-literal",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that holds an IPv4 address of another machine.

Honest downloads have a host name. rewqest (2022) sent what it found to an address in its build script. An address of
this machine, a mask, and four numbers inside a longer version are left alone. No honest package of 4,000 has one.

Do not build it. Use another version, and tell the registry.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(dossier, &[What::IpLiteral], "names the address of a machine");
    of_code::with(seen, "do not build it; look for another version, and tell the registry")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn an_address_is_told_from_a_version() {
        scripts(
            CHECK.id,
            Some(Weight::Denial),
            &[
                r#"fn main() { let a = "192.0.2.1:4444"; }"#,
                "fn main() { let a = Ipv4Addr::new(192, 0, 2, 1); }",
                r#"fn main() { let a = concat!("http://192.0", ".2.1/x"); }"#,
                r#"fn main() { let a = "\x3192.0.2.1"; }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                r#"fn main() { let a = "127.0.0.1"; }"#,
                r#"fn main() { let v = "lib.so.1.2.3.4"; }"#,
                r#"fn main() { let v = "1.2.3.4-rc1"; }"#,
                "fn main() { let a = Ipv4Addr::new(127, 0, 0, 1); }",
                "// 192.0.2.1\nfn main() {}",
            ],
        );
    }
}
