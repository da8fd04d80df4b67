//! Tests of licences over real HTTP; the trap numbers are those of the contract's section 4.

use crate::base::fault::Class;
use crate::base::secret::Secret;
use crate::intrexx::client::Client;
use crate::intrexx::client::tests::start;
use crate::intrexx::sim::Options;
use crate::intrexx::sim::options::answers::ListStyle;
use crate::intrexx::sim::options::behaviour::LicenseScope;

/// A key with everything that has a meaning in a path.
const KEY: &str = "PLANTED/KEY+1==?a=b#%2F..";

async fn counts(client: &Client, portal: &str) -> Vec<(String, u32)> {
    let licenses = client.licenses(portal).await.ok().unwrap();
    licenses.iter().map(|license| (license.key.as_ref().unwrap().expose().to_owned(), license.count)).collect()
}

/// Trap 24: the key is one segment of the path.
#[tokio::test]
async fn a_licence_is_added_and_removed_by_its_key() {
    for (style, gone) in [(ListStyle::Array, 404), (ListStyle::Wrapped, 410), (ListStyle::Array, 204)] {
        let (_simulator, client) =
            start(|options| (options.answers.list_style, options.answers.gone_status) = (style, gone)).await;
        let key = Secret::new(KEY);
        assert_eq!(counts(&client, "sales").await, []);
        client.add_license("sales", &key, Some(25)).await.unwrap();
        assert_eq!(counts(&client, "sales").await, [(KEY.to_owned(), 25)]);
        let fault = client.add_license("sales", &key, Some(25)).await.unwrap_err();
        assert_eq!(fault.class, Class::Taken);
        client.delete_license("sales", &key).await.unwrap();
        client.delete_license("sales", &key).await.unwrap();
        assert_eq!(counts(&client, "sales").await, []);
    }
}

/// Trap 24: another portal's licence may be in the list, with no seats of it here, and taking it away is as good as done.
#[tokio::test]
async fn the_list_may_be_the_servers() {
    let (simulator, client) =
        start(|options: &mut Options| options.behaviour.license_scope = LicenseScope::Server).await;
    simulator.add_portal("hr");
    client.add_license("hr", &Secret::new(KEY), Some(5)).await.unwrap();
    assert_eq!(counts(&client, "sales").await, [(KEY.to_owned(), 0)]);
    client.delete_license("sales", &Secret::new(KEY)).await.unwrap();
    assert_eq!(counts(&client, "hr").await, [(KEY.to_owned(), 5)]);
}

#[tokio::test]
async fn a_key_is_told_by_no_fault() {
    let (_simulator, client) = start(|_| ()).await;
    let short = Secret::new("plan ted");
    let fault = client.add_license("sales", &short, None).await.unwrap_err();
    assert_eq!(fault.class, Class::Refused);
    assert!(!fault.to_string().contains("plan ted"), "{fault}");
    let fault = client.delete_license("nowhere", &Secret::new(KEY)).await;
    assert!(fault.is_ok_and(|()| true), "a portal that is gone has no licences");
}
