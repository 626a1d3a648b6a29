//! ECS and target groups, of moto: signed requests, old tasks and draining targets.

use serde_json::json;

use crate::fake::Fake;
use crate::project::Project;
use crate::support::moto;

fn project(gate: &str) -> Project {
    Project::held_by(gate).with("AWS_ACCESS_KEY_ID", "test").with("AWS_SECRET_ACCESS_KEY", "s3cr3t-key")
}

#[test]
fn tasks_of_another_definition_hold() {
    let Some(server) = moto() else { return };
    server.python(
        "e = client('ecs')\n\
         e.create_cluster(clusterName='shop')\n\
         for _ in range(2): e.register_task_definition(family='api', containerDefinitions=[{'name': 'a', 'image': 'a', 'memory': 64}])\n\
         e.create_service(cluster='shop', serviceName='api', taskDefinition='api:2', desiredCount=0)\n",
    );
    let gate = |service: &str| {
        format!(
            "[[contract.gate]]\nkind = \"ecs\"\nname = \"tasks\"\nurl = \"{}\"\nregion = \"eu-west-1\"\ncluster = \"shop\"\nservice = \"{service}\"\n",
            server.url()
        )
    };
    project(&gate("api")).expect("tasks", "open", "");
    project(&gate("nothing")).expect("tasks", "unknown", "there is no service nothing");
    Project::held_by(&gate("api")).with("AWS_ACCESS_KEY_ID", "").with("AWS_SECRET_ACCESS_KEY", "").expect(
        "tasks",
        "unknown",
        "there are no credentials for AWS",
    );
    server.python("client('ecs').update_service(cluster='shop', service='api', taskDefinition='api:1', desiredCount=2)\n");
    project(&gate("api")).expect("tasks", "closed", "its deployment is of another definition");
}

/// What moto does not act out: tasks that were told to stop and still run.
#[test]
fn stopping_tasks_are_alive() {
    let fake = Fake::start();
    let definition = |revision: u8| format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/api:{revision}");
    let deployment = json!({ "status": "PRIMARY", "taskDefinition": definition(2), "rolloutState": "COMPLETED" });
    let service = json!({ "taskDefinition": definition(2), "runningCount": 1, "desiredCount": 1, "deployments": [deployment] });
    let prefix = "AmazonEC2ContainerServiceV20141113";
    fake.answer(&format!("{prefix}.DescribeServices"), 200, &json!({ "services": [service] }).to_string());
    fake.answer(&format!("{prefix}.ListTasks"), 200, &json!({ "taskArns": ["arn:aws:ecs:eu-west-1:1:task/shop/a"] }).to_string());
    let tasks = |old: &str| {
        let task = |name: &str, revision: u8, status: &str| json!({ "taskArn": format!("arn:aws:ecs:eu-west-1:1:task/shop/{name}"), "taskDefinitionArn": definition(revision), "lastStatus": status });
        let body = json!({ "tasks": [task("new", 2, "RUNNING"), task("old", 1, old)] });
        fake.answer(&format!("{prefix}.DescribeTasks"), 200, &body.to_string());
    };
    let gate = format!(
        "[[contract.gate]]\nkind = \"ecs\"\nname = \"tasks\"\nurl = \"{}\"\nregion = \"eu-west-1\"\ncluster = \"shop\"\nservice = \"api\"\n",
        fake.url()
    );
    let project = project(&gate);
    tasks("DEACTIVATING");
    project.expect("tasks", "closed", "still live: old (DEACTIVATING)");
    tasks("STOPPED");
    project.expect("tasks", "open", "");
    let asked = fake.asked().pop().expect("it was asked");
    let proof = asked.headers.get("authorization").expect("it is signed");
    assert!(proof.starts_with("AWS4-HMAC-SHA256 Credential=test/") && !proof.contains("s3cr3t"), "{proof}");
    fake.answer(&format!("{prefix}.DescribeTasks"), 200, r#"{"tasks":[]}"#);
    project.expect("tasks", "unknown", "1 tasks run, and 0 are listed");
}

/// What ECS and EKS hand to a container: an address, and what must be shown there.
#[test]
fn a_container_gets_its_credentials_where_its_environment_says() {
    let fake = Fake::start();
    let gate = format!(
        "[[contract.gate]]\nkind = \"ecs\"\nname = \"tasks\"\nurl = \"{}\"\nregion = \"eu-west-1\"\ncluster = \"shop\"\nservice = \"api\"\n",
        fake.url()
    );
    let prefix = "AmazonEC2ContainerServiceV20141113";
    fake.answer(&format!("{prefix}.DescribeServices"), 200, r#"{"services":[]}"#);
    let container = || {
        let project = Project::held_by(&gate).with("AWS_ACCESS_KEY_ID", "").with("AWS_SECRET_ACCESS_KEY", "");
        project.with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{}/v1/credentials", fake.url()))
    };
    let shown = |path: &str| {
        let asked = fake.asked().into_iter().rfind(|one| one.line.ends_with(path)).expect("it was asked");
        asked.headers.get("authorization").cloned().unwrap_or_default()
    };
    container().expect("tasks", "unknown", "answered 404");
    fake.answer("/v1/credentials", 200, r#"{"AccessKeyId":"ASIAFROMROLE"}"#);
    container().expect("tasks", "unknown", "the container's credentials are not complete");
    let credentials = json!({ "AccessKeyId": "ASIAFROMROLE", "SecretAccessKey": "s3cr3t-key", "Token": "s3cr3t-session", "Expiration": "2030-01-01T00:00:00Z" });
    fake.answer("/v1/credentials", 200, &credentials.to_string());
    let project = container().with("AWS_CONTAINER_AUTHORIZATION_TOKEN", "proof-of-ecs");
    project.expect("tasks", "unknown", "there is no service api of cluster shop");
    assert_eq!(shown("/v1/credentials"), "proof-of-ecs");
    let signed = fake.asked().pop().expect("it was asked");
    assert!(shown("/").starts_with("AWS4-HMAC-SHA256 Credential=ASIAFROMROLE/"), "{}", shown("/"));
    assert!(shown("/").contains("x-amz-security-token"), "{}", shown("/"));
    assert_eq!(signed.headers.get("x-amz-security-token").map(String::as_str), Some("s3cr3t-session"));
    // EKS writes what must be shown into a file, and renews it there.
    let project = container().with("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "eks-token");
    project.write("eks-token", "proof-of-eks\n");
    project.expect("tasks", "unknown", "there is no service api of cluster shop");
    assert_eq!(shown("/v1/credentials"), "proof-of-eks");
    // A service that repeats what nobody may read.
    fake.answer(&format!("{prefix}.DescribeServices"), 403, "not allowed: s3cr3t-key of s3cr3t-session");
    project.expect("tasks", "unknown", "answered 403: not allowed: *** of ***");
    let (out, err, _) = project.raw(&["status", "-vv"]);
    assert!(![out, err].iter().any(|text| text.contains("s3cr3t") || text.contains("proof-of")), "secrets are told");
}

#[test]
fn draining_targets_serve() {
    let Some(server) = moto() else { return };
    let arn = server.python(
        "e = client('ec2'); l = client('elbv2')\n\
         v = e.create_vpc(CidrBlock='10.0.0.0/16')['Vpc']['VpcId']\n\
         g = l.create_target_group(Name='blue', Protocol='HTTP', Port=80, VpcId=v, TargetType='ip')['TargetGroups'][0]['TargetGroupArn']\n\
         l.register_targets(TargetGroupArn=g, Targets=[{'Id': '10.0.0.1', 'Port': 80}])\n\
         print(g)\n",
    );
    let gate = |wanted: &str| {
        format!(
            "[[contract.gate]]\nkind = \"target-group\"\nname = \"targets\"\nurl = \"{}\"\nregion = \"eu-west-1\"\ntarget_group = \"{arn}\"\nwanted = \"{wanted}\"\n",
            server.url()
        )
    };
    project(&gate("empty")).expect("targets", "closed", "is not empty: 1 ");
    server.python(&format!("client('elbv2').deregister_targets(TargetGroupArn='{arn}', Targets=[{{'Id': '10.0.0.1', 'Port': 80}}])\n"));
    project(&gate("empty")).expect("targets", "open", "");
    project(&gate("settled")).expect("targets", "unknown", "has no target");
    project(&gate("empty").replace("blue", "green")).expect("targets", "unknown", "answered 4");
}
