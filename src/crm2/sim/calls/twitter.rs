//! Twitter users of a domain: only the later page has them, and normally they come by themselves.

use serde_json::{Value, json};

use crate::crm2::sim::answer::{Done, Refusal};
use crate::crm2::sim::calls::Call;
use crate::crm2::sim::domain::TwitterUser;

/// `POST /admin/twitter`
pub fn add(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let [user_name, token, token_secret] =
        ["userName", "token", "tokenSecret"].map(|name| call.params.required(name).map(str::to_owned));
    let user = TwitterUser { user_name: user_name?, token: token?, token_secret: token_secret? };
    let (behaviour, may_again) = (call.behaviour().clone(), call.may_post_again(false));
    let users = &mut call.domain()?.twitter;
    let value = told(&user);
    match users.iter_mut().find(|other| behaviour.same(&other.user_name, &user.user_name)) {
        None => users.push(user),
        Some(other) if may_again => *other = user,
        Some(_) => return Err(Refusal::taken("there is such a Twitter user")),
    }
    Ok(Done::Written(value))
}

/// `GET /admin/twitter`
pub fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::List(call.domain()?.twitter.iter().map(told).collect()))
}

/// `DELETE /admin/twitter`
pub fn remove(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (name, behaviour) = (call.params.required("userName")?.to_owned(), call.behaviour().clone());
    let users = &mut call.domain()?.twitter;
    let Some(place) = users.iter().position(|other| behaviour.same(&other.user_name, &name)) else {
        return call.nothing_to_remove("there is no such Twitter user");
    };
    users.remove(place);
    Ok(Done::Removed)
}

fn told(user: &TwitterUser) -> Value {
    json!({ "userName": user.user_name })
}
