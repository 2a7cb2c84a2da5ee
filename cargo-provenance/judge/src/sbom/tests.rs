//! What the writers have in common. Whether the documents are right is for other people's validators to say, in the end-to-end
//! tests.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A bill with one component for each way of saying something.
pub(crate) fn sample() -> Bill {
    let mut subject = Component::named(Kind::Application, "app");
    subject.reference = "file:app".into();
    subject.scope = Scope::Subject;
    let need = |reference: &str, purpose| Need { reference: reference.into(), purpose };
    subject.needs = Some(vec![
        need("pkg:cargo/b@1.0.0", Purpose::Run),
        need("pkg:cargo/a_b@1.0.0", Purpose::Build),
        need("pkg:cargo/b@1.0.0", Purpose::Build),
    ]);
    let mut first = Component::named(Kind::Library, "b");
    first.reference = "pkg:cargo/b@1.0.0".into();
    first.version = Some("1.0.0".into());
    first.license =
        License::Expression(Box::new(LicenseExpression::parse("MIT/LicenseRef-x").expect("an expression")));
    first.needs = Some(vec![]);
    first.opaque = true;
    first.file = Some(File { name: "b-1.0.0.crate".into(), form: Form::Archive });
    first.digests.sha256 = Some("0".repeat(64));
    first.fact("basis", "policy");
    let mut second = Component::named(Kind::Library, "a_b");
    second.reference = "pkg:cargo/a_b@1.0.0".into();
    second.scope = Scope::Build;
    second.license = License::File("LICENSE".into());
    let mut bill = Bill {
        subject,
        components: vec![first, second],
        context: Context::PreBuild,
        author: None,
        made: Timestamp(1_795_392_000),
        target: Target::All,
        unknowns: vec!["the license of 1 package".into()],
    };
    bill.sort();
    bill
}

fn cyclonedx(bill: &Bill) -> Value {
    serde_json::from_str(&cyclonedx::write(bill).expect("written")).expect("JSON")
}

fn spdx(bill: &Bill) -> Value {
    serde_json::from_str(&spdx::write(bill).expect("written")).expect("JSON")
}

#[test]
fn what_is_not_known_is_said() {
    let document = cyclonedx(&sample());
    let [first, second] = &document["components"].as_array().expect("components")[..] else {
        panic!("{document}")
    };
    assert_eq!((&first["version"], &first["authors"][0]["name"]), (&"unknown".into(), &"unknown".into()));
    assert_eq!(first["licenses"][0]["license"]["name"], "unknown");
    assert_eq!(first["properties"][0]["name"], "cargo-provenance:license-file");
    assert_eq!(second["licenses"][0]["expression"], "MIT OR LicenseRef-x");
    assert_eq!(document["metadata"]["authors"][0]["name"], "unknown");
    assert_eq!(document["metadata"]["properties"][1]["value"], "the license of 1 package");
    let aggregates = document["compositions"].as_array().expect("compositions").iter();
    let aggregates =
        aggregates.map(|it| (it["aggregate"].as_str().expect("text"), it["dependencies"][0].as_str()));
    assert_eq!(
        aggregates.collect::<Vec<_>>(),
        [
            ("complete", Some("file:app")),
            ("incomplete", Some("pkg:cargo/b@1.0.0")),
            ("unknown", Some("pkg:cargo/a_b@1.0.0")),
        ]
    );
    let document = spdx(&sample());
    assert_eq!(document["creationInfo"]["creators"][0], "Organization: unknown");
    assert!(document["comment"].as_str().expect("text").contains("not known: the license of 1 package"));
    assert_eq!(document["hasExtractedLicensingInfos"][0]["licenseId"], "LicenseRef-x");
}

#[test]
fn code_that_runs_while_others_compile_is_marked() {
    let document = cyclonedx(&sample());
    assert_eq!(
        (&document["components"][0]["scope"], &document["components"][1]["scope"]),
        (&"excluded".into(), &"required".into())
    );
    let document = spdx(&sample());
    let relations = document["relationships"].as_array().expect("relationships");
    let relation = |kind: &str| relations.iter().find(|it| it["relationshipType"] == kind).expect("one");
    assert_eq!(relation("BUILD_DEPENDENCY_OF")["spdxElementId"], "SPDXRef-a-x5Fb-v1.0.0");
    assert_eq!(relation("DEPENDS_ON")["relatedSpdxElement"], "SPDXRef-b-v1.0.0");
    assert_eq!(document["packages"][1]["annotations"][0]["comment"], "cargo-provenance:scope=build");
}

#[test]
fn a_document_is_named_by_its_content() {
    let (mut bill, mut later) = (sample(), sample());
    later.made = Timestamp(bill.made.0 + 1);
    assert_eq!(cyclonedx::write(&bill).expect("written"), cyclonedx::write(&sample()).expect("written"));
    assert_ne!(cyclonedx(&bill)["serialNumber"], cyclonedx(&later)["serialNumber"]);
    assert_ne!(spdx(&bill)["documentNamespace"], spdx(&later)["documentNamespace"]);
    bill.components.reverse();
    bill.sort();
    assert_eq!(cyclonedx(&bill), cyclonedx(&sample()));
}

proptest! {
    #[test]
    fn no_two_references_share_an_identifier(references in prop::collection::btree_set("[a-z_@+./:?=%-]{1,6}", 2..40)) {
        let mut bill = sample();
        bill.components = references.iter().map(|reference| {
            let mut component = Component::named(Kind::Library, "x");
            component.reference = format!("pkg:cargo/{reference}");
            component
        }).collect();
        bill.subject.needs = Some(vec![]);
        let document = spdx(&bill);
        let packages = document["packages"].as_array().expect("packages");
        let ids = packages.iter().map(|it| it["SPDXID"].as_str().expect("text")).collect::<BTreeSet<_>>();
        prop_assert_eq!(ids.len(), packages.len());
        let fits = |id: &&str| id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        prop_assert!(ids.iter().all(fits));
    }
}
