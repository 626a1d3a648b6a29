//! Certificates of an authority of one's own: trusted where `ca_file` names it, refused everywhere else; no token is sent before.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fake::Fake;
use crate::project::Project;
use crate::support::skip;

/// NGINX with a certificate of an authority made for it, in front of a fake; it ends with this value.
struct Front {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Front {
    /// `None` where NGINX or OpenSSL is not installed. `names` are those of the certificate: `DNS:localhost,IP:127.0.0.1`.
    fn before(fake: &Fake, names: &str) -> Option<Front> {
        let found = |paths: &[&str]| paths.iter().map(PathBuf::from).find(|path| path.exists());
        let (Some(nginx), Some(openssl)) =
            (found(&["/usr/sbin/nginx", "/usr/local/sbin/nginx"]), found(&["/usr/bin/openssl", "/usr/local/bin/openssl"]))
        else {
            skip("nginx", "it is not installed: apt-get install nginx-light openssl");
            return None;
        };
        let folder = tempfile::tempdir().expect("a scratch folder");
        certify(&openssl, folder.path(), names);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let inside = folder.path().display();
        let settings = format!(
            "daemon off; master_process off; pid {inside}/pid; error_log {inside}/errors;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path {inside}/a; proxy_temp_path {inside}/b; fastcgi_temp_path {inside}/c;\n\
             uwsgi_temp_path {inside}/d; scgi_temp_path {inside}/e;\n\
             server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {inside}/leaf.pem; ssl_certificate_key {inside}/leaf.key;\n\
             location / {{ proxy_pass {}; }} }} }}\n",
            fake.url()
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, settings).expect("the folder is ours");
        let process = Command::new(nginx)
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("NGINX starts");
        let front = Front { process, folder, port };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let errors = std::fs::read_to_string(front.folder.path().join("errors")).unwrap_or_default();
            assert!(Instant::now() < deadline, "NGINX does not listen: {errors}");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(front)
    }

    /// The authority's certificate.
    fn authority(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("ca.pem")).expect("it was made")
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes an authority, and a certificate for these names that it signs.
fn certify(openssl: &Path, folder: &Path, names: &str) {
    std::fs::write(folder.join("names"), format!("subjectAltName={names}\n")).expect("the folder is ours");
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch"];
    let run = |arguments: &[&str]| {
        let output = Command::new(openssl).args(arguments).current_dir(folder).output().expect("OpenSSL starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&[&["req", "-x509", "-subj", "/CN=the shop's own", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"], &key[..]].concat());
    run(&[&["req", "-new", "-subj", "/CN=a service", "-keyout", "leaf.key", "-out", "leaf.csr"], &key[..]].concat());
    let sign =
        ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
    run(&[&sign[..], &["-out", "leaf.pem"]].concat());
}

#[test]
fn an_authority_is_trusted_where_it_is_named() {
    let fake = Fake::start();
    fake.answer("/state", 200, r#"{"ok":true}"#);
    let Some(front) = Front::before(&fake, "DNS:localhost") else { return };
    let Some(stranger) = Front::before(&fake, "DNS:localhost") else { return };
    let project = |host: &str, more: &str| {
        let gate = format!(
            "[[contract.gate]]\nkind = \"http\"\nname = \"ready\"\nurl = \"https://{host}:{}/state\"\npointer = \"/ok\"\nequals = true\ntoken_env = \"API_TOKEN\"\n{more}\n",
            front.port
        );
        let project = Project::held_by(&gate).with("API_TOKEN", "s3cr3t-t0ken");
        project.write("ca.pem", &front.authority());
        project.write("stranger.pem", &stranger.authority());
        project.write("empty.pem", "no certificate\n");
        project
    };
    project("localhost", "").expect("ready", "unknown", "certificate");
    project("localhost", "ca_file = \"stranger.pem\"").expect("ready", "unknown", "certificate");
    project("127.0.0.1", "ca_file = \"ca.pem\"").expect("ready", "unknown", "certificate");
    project("localhost", "ca_file = \"empty.pem\"").expect("ready", "unknown", "holds no certificate");
    assert_eq!(fake.asked().len(), 0, "nobody is shown a token who was not trusted");
    project("localhost", "ca_file = \"ca.pem\"").expect("ready", "open", "");
    let asked = fake.asked().pop().expect("it was asked");
    assert_eq!(asked.headers.get("authorization").map(String::as_str), Some("Bearer s3cr3t-t0ken"));
}

/// A proxy that leads every connection to one port: what `HTTPS_PROXY` names. It remembers whom it was asked for.
fn tunnel(port: u16) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let own = listener.local_addr().expect("it is bound").port();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let tell = tell.clone();
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
                    head.extend(byte);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                // The test may have ended.
                let _ = tell.send(head.lines().next().unwrap_or_default().to_owned());
                let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)) else { return };
                if client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_err() {
                    return;
                }
                let (Ok(mut from), Ok(mut to)) = (client.try_clone(), server.try_clone()) else { return };
                let up = std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                // Either side may hang up.
                let _ = std::io::copy(&mut server, &mut client);
                let _ = client.shutdown(std::net::Shutdown::Both);
                let _ = up.join();
            });
        }
    });
    (own, told)
}

/// Where Kubernetes puts a pod's account is fixed, so the command runs where that folder can be made: in a mount namespace.
#[test]
fn within_a_cluster_the_pods_own_account_is_found() {
    let fake = Fake::start();
    let Some(front) = Front::before(&fake, "DNS:kubernetes.default.svc") else { return };
    let status = json!({ "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 });
    crate::kubernetes::deployment(&fake, &status);
    let pod = |name: &str| json!({ "metadata": { "name": name, "labels": { "app": "api", "pod-template-hash": "new" } }, "status": { "phase": "Running" } });
    fake.answer("/api/v1/namespaces/shop/pods", 200, &json!({ "items": [pod("api-1"), pod("api-2")] }).to_string());
    let (proxy, told) = tunnel(front.port);
    let project =
        Project::held_by("[[contract.gate]]\nkind = \"kubernetes\"\nname = \"pods\"\nnamespace = \"shop\"\ndeployment = \"api\"\n");
    project.write("ca.crt", &front.authority());
    let script = "mount -t tmpfs none /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount && \
                  cp ca.crt /run/secrets/kubernetes.io/serviceaccount/ && \
                  printf account-token > /run/secrets/kubernetes.io/serviceaccount/token && exec \"$0\" status --format json";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_migrate")])
        .current_dir(project.path())
        .env("HTTPS_PROXY", format!("http://127.0.0.1:{proxy}"))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("MIGRATE_DATABASE_URL")
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("ermi") => {
            skip("mount namespaces", &String::from_utf8_lossy(&output.stderr));
            return;
        }
        other => panic!("{other:?}"),
    };
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let held = document["gates"].as_array().expect("gates are a list").iter().find(|gate| gate["name"] == "pods").cloned();
    assert_eq!(held, None, "the gate is open");
    assert_eq!(told.recv().expect("the proxy was asked"), "CONNECT kubernetes.default.svc:443 HTTP/1.1");
    let asked = fake.asked();
    assert!(asked.len() >= 3, "{asked:?}");
    assert!(asked.iter().all(|one| one.headers.get("authorization").map(String::as_str) == Some("Bearer account-token")), "{asked:?}");
}
