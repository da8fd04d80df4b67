//! Tests of the list of portals, and of what a 404 in a portal means.

use tokio::time::Instant;

use crate::base::fault::{Class, Fault};
use crate::http::Method;
use crate::intrexx::client::Client;
use crate::intrexx::client::tests::{call, called, portals, start};
use crate::intrexx::sim::options::answers::{GuidStyle, ListStyle, PortalList};
use crate::sim::trouble::{Act, Order};

/// Traps 5, 26 and 27: the list is read in every form, with what nobody knows yet in it.
#[tokio::test]
async fn the_list_is_read_in_every_form() {
    for style in [ListStyle::Array, ListStyle::Wrapped] {
        for (sparse, guids) in [(PortalList::Full, GuidStyle::Upper), (PortalList::Sparse, GuidStyle::Lower)] {
            let (simulator, client) = start(|options| {
                options.server.portals.push("hr".to_owned());
                options.answers.list_style = style;
                options.answers.portal_list = sparse;
                options.answers.guid_style = guids;
                options.answers.extra_fields = true;
            })
            .await;
            assert_eq!(portals(&client).await.unwrap(), ["sales", "hr"]);
            let guid = simulator.portal("hr").unwrap().id;
            let named =
                client.portals(Instant::now(), |portals| portals.by_guid(&guid).map(|portal| portal.name.clone()));
            assert_eq!(named.await.unwrap().as_deref(), Some("hr"), "{style:?} {sparse:?}");
        }
    }
}

/// Trap 1: the vendor's containers have no list of portals, in whatever words; the AdminApi is well all the same.
#[tokio::test]
async fn containers_offer_no_list_of_portals() {
    for status in [404, 405, 500, 501, 503] {
        let (simulator, client) = start(|options| options.server.containers = Some(status)).await;
        client.check(Instant::now()).await.unwrap();
        let fault = portals(&client).await.unwrap_err();
        assert_eq!(fault.class, Class::Unsupported, "{status}");
        call(&client, Method::GET, "sales/settings", None).await.unwrap();
        // Nothing sticks: a list that is there after all is found by the next look.
        simulator.reconfigure(|options| options.server.containers = None);
        assert_eq!(portals(&client).await.unwrap(), ["sales"]);
    }
}

/// Trap 1: one bad moment is not yet another make of the vendor.
#[tokio::test]
async fn one_bad_moment_is_no_container() {
    let (simulator, client) = start(|_| {}).await;
    simulator.trouble().place(Order::next_of("list_portals", Act::answer(503)));
    assert_eq!(portals(&client).await.unwrap(), ["sales"]);
    // Who has given the list is down when it does not.
    simulator.trouble().place(Order::next_of("list_portals", Act::answer(503)));
    assert_eq!(portals(&client).await.unwrap_err().class, Class::Transient);
}

/// Trap 1: an API that is down says 503 as well, and then it lets nobody in either.
#[tokio::test]
async fn an_api_that_is_down_is_no_container() {
    let (simulator, client) = start(|_| {}).await;
    simulator.trouble().place(Order::next_of("list_portals", Act::answer(503)).times(2));
    simulator.trouble().place(Order::next_of("authenticate", Act::answer(503)).after(1));
    assert_eq!(client.check(Instant::now()).await.unwrap_err().class, Class::Transient);
    assert_eq!(called(&simulator)[3..], ["authenticate"]);
}

async fn missing_user(client: &Client) -> Fault {
    let fault = call(client, Method::GET, "sales/users/99", None).await.unwrap_err();
    client.confirm_missing("sales", fault).await
}

/// Traps 3 and 19: a 404 means "gone" only where the portal itself answers, or is positively gone.
#[tokio::test]
async fn a_404_means_gone_only_in_a_portal_that_answers() {
    for containers in [None, Some(501)] {
        let (simulator, client) = start(|options| options.server.containers = containers).await;
        assert_eq!(missing_user(&client).await.class, Class::Missing);

        simulator.edit_portal("sales", |portal| portal.known = false).unwrap();
        let fault = missing_user(&client).await;
        assert_eq!(fault.class, Class::Transient, "{containers:?}");
        assert!(fault.detail.contains("does not know the portal sales"), "{fault}");

        simulator.remove_portal("sales").unwrap();
        let class = if containers.is_none() { Class::Missing } else { Class::Transient };
        assert_eq!(missing_user(&client).await.class, class, "{containers:?}");
    }
}

/// Trap 19: a portal that goes down between the two calls is not a portal in which something is gone.
#[tokio::test]
async fn a_portal_that_closes_tells_nothing() {
    let (simulator, client) = start(|_| {}).await;
    simulator.trouble().place(Order::next_of("get_webserver", Act::answer(503)));
    let fault = missing_user(&client).await;
    assert_eq!((fault.class, fault.contained), (Class::Transient, true));
    let other = call(&client, Method::GET, "sales/settings/x", None).await.unwrap_err();
    assert_eq!(client.confirm_missing("sales", other.clone()).await, other);
}
