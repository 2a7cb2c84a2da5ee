//! What statements mute, and what they leave alone.

use proptest::prelude::*;
use provenance_build::{PackageId, PackageName, Version};
use serde_json::{Value, json};

use super::*;

fn package(name: &str, version: &str) -> PackageId {
    PackageId {
        name: PackageName::parse(name).expect("a name"),
        version: Version::parse(version).expect("a version"),
        source: None,
    }
}

fn statement(products: &Value, status: &str, time: &str) -> Value {
    json!({
        "vulnerability": { "name": "CVE-2026-1", "aliases": ["GHSA-x"] },
        "products": products,
        "status": status,
        "timestamp": time,
        "justification": "vulnerable_code_not_in_execute_path",
    })
}

fn document(statements: &[Value]) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex/1",
        "author": "security@example.org",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": statements,
    })
}

fn read(document: &Value) -> Result<Vex, String> {
    let mut vex = Vex::default();
    vex.add("x.json", document.to_string().as_bytes())?;
    Ok(vex)
}

/// What is said of CVE-2026-1 in `vuln 1.0.0`, built into `app 2.0.0`.
fn said(vex: &Vex) -> Option<Status> {
    let (root, package) = (package("app", "2.0.0"), package("vuln", "1.0.0"));
    let ids = ["RUSTSEC-2026-0001", "CVE-2026-1", "ghsa-X"];
    let subject = Subject { root: Some(&root), sha256: Some("ab"), package: &package, ids: &ids };
    vex.of(&subject).map(|statement| statement.status)
}

fn about(products: Value) -> Option<Status> {
    said(
        &read(&document(&[statement(&products, "not_affected", "2026-01-02T00:00:00Z")]))
            .expect("a document"),
    )
}

#[test]
fn the_product_the_package_and_the_digest_are_named() {
    for products in [
        json!([{ "@id": "pkg:cargo/app@2.0.0" }]),
        json!([{ "@id": "pkg:cargo/app" }]),
        json!([{ "@id": "pkg:cargo/app@2.0.0", "subcomponents": [{ "@id": "pkg:cargo/vuln@1.0.0" }] }]),
        json!([{ "@id": "pkg:cargo/vuln@1.0.0" }]),
        json!([{ "identifiers": { "purl": "pkg:cargo/vuln@1.0.0" } }]),
        json!([{ "hashes": { "sha-256": "AB" } }]),
        json!([{ "@id": "https://example.org/app", "hashes": { "sha-256": "ab" } }]),
        json!([{ "@id": "pkg:cargo/app@2.0.0", "hashes": { "sha-256": "ab" } }]),
        json!([{ "@id": "pkg:cargo/other" }, { "@id": "pkg:cargo/app" }]),
    ] {
        assert_eq!(about(products.clone()), Some(Status::NotAffected), "{products}");
    }
}

#[test]
fn what_is_said_of_other_products_mutes_nothing() {
    for products in [
        json!([]),
        json!([{}]),
        json!([{ "@id": "pkg:cargo/app@2.0.1" }]),
        json!([{ "@id": "pkg:cargo/other", "subcomponents": [{ "@id": "pkg:cargo/vuln@1.0.0" }] }]),
        json!([{ "@id": "pkg:cargo/app", "subcomponents": [{ "@id": "pkg:cargo/vuln@1.0.1" }] }]),
        json!([{ "@id": "pkg:cargo/app", "subcomponents": [{}] }]),
        // That it is not affected by itself in one of its parts says nothing of the program that it is built into.
        json!([{ "@id": "pkg:cargo/vuln", "subcomponents": [{ "@id": "pkg:cargo/vuln" }] }]),
        json!([{ "@id": "pkg:npm/app@2.0.0" }]),
        json!([{ "@id": "pkg:oci/app@sha256%3Aab" }]),
        json!([{ "@id": "https://example.org/app" }]),
        json!([{ "@id": "pkg:cargo/app", "hashes": { "sha-256": "cd" } }]),
        json!([{ "@id": "pkg:cargo/app", "hashes": { "sha-256": "ab", "md5": "x" } }]),
        json!([{ "@id": "pkg:cargo/app", "identifiers": { "cpe23": "cpe:2.3:a:x:app" } }]),
        json!([{ "@id": "pkg:cargo/app", "identifiers": { "purl": "pkg:cargo/other" } }]),
        json!([{ "@id": "pkg:cargo/vuln@1.0.0?repository_url=https://registry.invalid" }]),
    ] {
        assert_eq!(about(products.clone()), None, "{products}");
    }
    let mut other = statement(&json!([{ "@id": "pkg:cargo/app" }]), "fixed", "2026-01-02T00:00:00Z");
    other["vulnerability"] = json!({ "name": "CVE-2026-10" });
    assert_eq!(said(&read(&document(&[other])).expect("a document")), None);
}

#[test]
fn the_latest_statement_counts_and_doubt_mutes_nothing() {
    let app = json!([{ "@id": "pkg:cargo/app" }]);
    let at = |status, time| statement(&app, status, time);
    for (statements, expected) in [
        (vec![at("affected", "2026-01-02T00:00:00Z"), at("fixed", "2026-01-03T00:00:00Z")], Status::Fixed),
        (vec![at("fixed", "2026-01-03T00:00:00Z"), at("affected", "2026-01-02T00:00:00Z")], Status::Fixed),
        (
            vec![
                at("not_affected", "2026-01-02T00:00:00Z"),
                at("under_investigation", "2026-01-01T23:30:00-01:00"),
            ],
            Status::UnderInvestigation,
        ),
        (
            vec![at("affected", "2026-01-02T00:00:00Z"), at("fixed", "2026-01-02T01:00:00+01:00")],
            Status::Affected,
        ),
    ] {
        assert_eq!(
            said(&read(&document(&statements)).expect("a document")),
            Some(expected),
            "{statements:?}"
        );
    }
    assert!(Status::Fixed.mutes() && Status::NotAffected.mutes());
    assert!(!Status::Affected.mutes() && !Status::UnderInvestigation.mutes());
}

#[test]
fn a_statement_without_a_time_is_as_old_as_its_document() {
    let mut one = statement(&json!([{ "@id": "pkg:cargo/app" }]), "fixed", "");
    one.as_object_mut().expect("an object").remove("timestamp");
    let two = statement(&json!([{ "@id": "pkg:cargo/app" }]), "affected", "2026-01-02T00:00:00Z");
    let mut document = document(&[one, two]);
    assert_eq!(said(&read(&document).expect("a document")), Some(Status::Affected));
    document["last_updated"] = json!("2026-01-03T00:00:00Z");
    assert_eq!(said(&read(&document).expect("a document")), Some(Status::Fixed));
}

#[test]
fn what_is_not_as_the_format_has_it_is_refused() {
    let good =
        document(&[statement(&json!([{ "@id": "pkg:cargo/app" }]), "not_affected", "2026-01-02T00:00:00Z")]);
    let changed = |pointer: &str, value: Value| {
        let mut document = good.clone();
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        document.pointer_mut(parent).expect("a parent")[key] = value;
        read(&document).expect_err(pointer)
    };
    for (pointer, value, why) in [
        ("/@context", json!("https://openvex.dev/ns/v0.1.0"), "the context"),
        ("/timestamp", json!("yesterday"), "the time `yesterday`"),
        ("/stetements", json!([]), "unknown field"),
        ("/statements/0/status", json!("safe"), "the status `safe`"),
        ("/statements/0/justification", json!("trust me"), "the justification"),
        ("/statements/0/justification", json!(null), "without `justification`"),
        ("/statements/0/timestamp", json!("2026-02-30T00:00:00Z"), "in statement 1"),
        ("/statements/0/products/0/subcomponent", json!([]), "unknown field"),
        ("/statements/0/vulnerability", json!("CVE-2026-1"), "no OpenVEX document"),
    ] {
        let told = changed(pointer, value);
        assert!(told.contains(why), "{pointer}: {told}");
    }
    let twice = good.to_string().replacen("\"status\"", "\"status\":\"fixed\",\"status\"", 1);
    assert!(Vex::default().add("x", twice.as_bytes()).expect_err("twice").contains("duplicate"));
    let deep = "[".repeat(100_000);
    assert!(Vex::default().add("x", deep.as_bytes()).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..600, byte in any::<u8>()) {
        let _ = Vex::default().add("x", &bytes);
        let good = document(&[statement(&json!([{ "@id": "pkg:cargo/app" }]), "fixed", "2026-01-02T00:00:00Z")]);
        let mut near = good.to_string().into_bytes();
        if let Some(place) = near.get_mut(at) {
            *place = byte;
        }
        let _ = Vex::default().add("x", &near);
    }
}
