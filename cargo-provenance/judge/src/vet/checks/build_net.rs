//! `build-net`: build-time code that opens a connection.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-net",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that opens a network connection, or that uses a crate which does.

A build script or a procedural macro runs with the rights of whoever builds. rewqest (2022), envlogger and its
siblings (2023), littest and mysten-metrics (2026) sent data about the machine from their build script; proc-macro1,
which arrayref 0.3.10 pulled in (2026-08-20), fetched its payload there. Of 4,500 packages three download at build time.

Read the file: an honest one downloads a library from its own project and compares a checksum. Prefer a package that
brings what it needs, or a system library.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(dossier, &[What::Net, What::NetName], "reaches the network");
    of_code::with(seen, "read the file that is named; what it needs from elsewhere should be in the package")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_connection_is_told_from_an_address() {
        scripts(
            CHECK.id,
            Some(Weight::Review),
            &[
                r#"fn main() { std::net::TcpStream::connect("192.0.2.1:80"); }"#,
                r#"use std::net::TcpStream as T; fn main() { T::connect("x.invalid:80"); }"#,
                r#"use std::net::*; fn main() { UdpSocket::bind("x"); }"#,
                r#"fn main() { ureq::get("http://x.invalid").call(); }"#,
                "fn main() { let f = r#std::net::TcpStream::connect; }",
                r#"fn main() { "x.invalid:1".to_socket_addrs(); } use std::net::ToSocketAddrs;"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                "fn main() { let a: std::net::IpAddr; }",
                r#"// std::net::TcpStream::connect("192.0.2.1:80")
fn main() {}"#,
                r#"fn main() { println!("std::net::TcpStream::connect"); }"#,
                "struct TcpStream; fn main() { TcpStream::connect(); }",
                "mod net { pub fn connect() {} } fn main() { net::connect(); }",
            ],
        );
    }
}
