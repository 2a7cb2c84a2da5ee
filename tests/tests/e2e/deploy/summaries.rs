//! Verification summaries: written, accepted in their turn, and held to what they say.

use super::*;

#[test]
fn a_summary_that_failed_or_is_about_another_resource() {
    let host = Host::new();
    host.policy(&format!("require = [\"vsa\"]\nresource-uri = \"{RESOURCE}\""));
    let summary = host.statement(
        "https://slsa.dev/verification_summary/v1",
        json!({
            "verifier": { "id": VERIFIER },
            "timeVerified": "2025-01-01T00:00:00Z",
            "resourceUri": RESOURCE,
            "policy": { "uri": "https://example.org/policy" },
            "verificationResult": "PASSED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_1"],
        }),
    );
    let honest = host.envelope(&summary, &["gate"]);
    host.bundle(std::slice::from_ref(&honest));
    host.verify(&[]).code(0);
    for (pointer, value, code, what) in [
        ("/predicate/verificationResult", json!("FAILED"), 1, "found fault with it"),
        (
            "/predicate/resourceUri",
            json!("https://example.org/client/1.0.0"),
            1,
            "is about `https://example.org/client",
        ),
        ("/predicate/verifier", json!({ "id": "https://example.org/else" }), 5, "does not let SHA256:"),
        ("/predicate/verifiedLevels", json!(["SLSA_SOURCE_LEVEL_3"]), 1, "error[attestation-level]"),
    ] {
        let other = host.envelope(&changed(summary.clone(), pointer, value), &["gate"]);
        host.bundle(std::slice::from_ref(&other));
        host.verify(&[]).code(code).stderr_has(what);
        host.bundle(&[other, honest.clone()]);
        host.verify(&[]).code(0);
    }
    host.bundle(&[host.envelope(&summary, &["release"])]);
    host.verify(&[]).code(5).stderr_has("which is the key of no `[[verifier]]`");
    // A failed one is worth a word.
    let failed = changed(summary, "/predicate/verificationResult", json!("FAILED"));
    host.bundle(&[host.envelope(&failed, &["gate"]), honest]);
    host.verify(&[]).code(0).stderr_has("note[summary-failed]");
}

#[test]
fn a_summary_is_written_and_accepted_in_its_turn() {
    let host = Host::new();
    host.bundle(&[host.envelope(&host.provenance(), &["release"])]);
    let emit = ["--emit-vsa", "server.vsa.jsonl", "--key", "keys/gate", "--verifier-id", VERIFIER];
    host.verify(&emit).code(2).stderr_has("has no `resource-uri`");
    let resource = format!("resource-uri = \"{RESOURCE}\"\n");
    host.policy(&resource);
    host.verify(&emit).code(0).stderr_has("Writing 1 verification summary");
    let line = files::read(&host.path("server.vsa.jsonl"));
    let envelope = Envelope::read(line.trim().as_bytes()).expect("an envelope");
    let statement = serde_json::from_slice::<Value>(envelope.unverified_payload()).expect("JSON");
    let predicate = &statement["predicate"];
    assert_eq!(predicate["verifiedLevels"], json!(["SLSA_BUILD_LEVEL_1"]));
    assert_eq!(predicate["verificationResult"], json!("PASSED"));
    let bundle = files::read(&host.path("server.intoto.jsonl"));
    assert_eq!(
        predicate["inputAttestations"][0]["digest"]["sha256"],
        json!(sha256(bundle.trim().as_bytes()))
    );
    let policy = files::read(&host.path("deploy.toml"));
    assert_eq!(predicate["policy"]["digest"]["sha256"], json!(sha256(policy.as_bytes())));
    judges_agree(&host);

    // It takes the place of a summary, and of nothing else.
    for file in ["server", "server.intoto.jsonl", "deploy.toml", "keys/gate"] {
        let before = files::read(&host.path(file));
        let output = host.verify(&[&["--emit-vsa", file], &emit[2..]].concat());
        output.code(2).stderr_has("holds something else than verification summaries");
        assert_eq!(files::read(&host.path(file)), before);
    }

    // Somebody who trusts that verifier needs nothing else.
    host.policy(&format!("require = [\"vsa\"]\n{resource}"));
    host.verify(&["--attestation", "server.vsa.jsonl"]).code(0);
    host.verify(&[]).code(1).stderr_has("`vsa` of `server` has not been attested");

    // What fails is said, too.
    host.policy(&format!("max-age = \"1 day\"\n{resource}"));
    host.verify(&emit).code(1);
    judges_agree(&host);
    host.policy(&format!("require = [\"vsa\"]\n{resource}"));
    host.verify(&["--attestation", "server.vsa.jsonl"]).code(1).stderr_has("found fault with it");
}

/// Programs of others read the summary as it was meant.
fn judges_agree(host: &Host) {
    let line = host.key("gate");
    files::write(&host.path("gate.pub"), line.split_once(' ').expect("a name").1);
    if let Some(run) = shared_verifier(&host.sandbox, "verify_dsse.py") {
        let run = run.args([&host.path("server.vsa.jsonl")]).args(["--key".into(), host.path("gate.pub")]);
        run.args(["--predicate-type", "https://slsa.dev/verification_summary/v1", "--artifact"])
            .args([&host.path("server")])
            .ok();
    }
    let text = files::read(&host.path("server.vsa.jsonl"));
    let envelope = Envelope::read(text.trim().as_bytes()).expect("an envelope");
    files::write(&host.path("statement.json"), envelope.unverified_payload());
    if let Some(run) = shared_verifier(&host.sandbox, "verify_statement.py") {
        run.args([&host.path("statement.json")]).ok();
    }
}
