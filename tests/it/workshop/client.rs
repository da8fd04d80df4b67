//! Client: the calls of the workshop's API, and the list that all tools of one AdminApi share.

use provost::base::access::Access;
use provost::base::fault::{Class, Delivery, Fault};
use provost::base::secret::Secret;
use provost::engine::kind::SecretSource;
use provost::http::{
    Answer, Body, Bounds, Method, Patience, Request, SetupError, Shared, Transport, credential, parse_url,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::wire::{Change, Errand, Made, Member, NewMember, NewToken, NewTool, Row, Sign, Tool, ToolList, Value};

/// Where a workshop is, and what opens its gate. The credentials Secret needs the key `token`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Its address.
    pub url: String,
    /// The badge, for a workshop that wants to see one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<SecretSource>,
}

/// A client with one token. Clones share connections, limits and the list.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    address: String,
    tools: Shared<Vec<Tool>>,
}

impl Client {
    pub fn new(settings: &Settings, access: Access) -> Result<Self, SetupError> {
        let token = credential(&access, "token")
            .ok_or(SetupError::MissingCredential { key: "token", way_out: "add the token of the workshop" })?;
        let url = parse_url(&settings.url)?;
        let badge = access.named.get("badge").map(|badge| ("X-Badge", badge.clone()));
        let headers: Vec<_> = std::iter::once(("X-Token", token)).chain(badge).collect();
        let transport = Transport::new("Workshop", url, &access, &headers, Bounds::default())?;
        Ok(Self { transport, address: settings.url.clone(), tools: Shared::default() })
    }

    /// A workshop is one account, whatever its token is at the time.
    pub fn realm(&self) -> Secret {
        Secret::new(self.address.as_str())
    }

    /// What `pick` takes from the tools as the vendor listed them at `fresh_after` or later.
    pub async fn tool_by<R>(&self, fresh_after: Instant, pick: impl FnOnce(&Vec<Tool>) -> R) -> Result<R, Fault> {
        let transport = self.transport.clone();
        self.tools.read(fresh_after, move || list_tools(transport), pick).await
    }

    /// Makes a tool, whether or not there is one of that label.
    pub async fn create_tool(&self, tool: &NewTool<'_>) -> Result<String, Fault> {
        let request = Request::write("create_tool", Method::POST).at(["tools"]).body(Body::json("create_tool", tool)?);
        let secrets = tool.pin.into_iter().chain(tool.drawer.secrets());
        let request = secrets.fold(request, |request, secret| request.secret(Secret::new(secret)));
        let made = self.wrote(self.transport.send(request, read::<Made>).await)?;
        let row = Tool {
            id: made.id.clone(),
            label: tool.label.to_owned(),
            colour: tool.colour.to_owned(),
            material: tool.material.to_owned(),
            enabled: true,
            code: tool.drawer.code.map(str::to_owned),
            spares: owned(tool.drawer.spares.as_ref()).unwrap_or_default(),
        };
        self.tools.amend(move |tools| {
            if tools.iter().all(|known| known.id != row.id) {
                tools.push(row.clone());
            }
        });
        Ok(made.id)
    }

    pub async fn change_tool(&self, id: &str, change: &Change<'_>) -> Result<(), Fault> {
        let request = Request::write("change_tool", Method::PATCH).at(["tools", id]);
        let request = request.body(Body::json("change_tool", change)?);
        let secrets = change.drawer.secrets();
        let request = secrets.fold(request, |request, secret| request.secret(Secret::new(secret)));
        self.wrote(self.transport.send(request, nothing).await)?;
        let (id, colour, enabled) = (id.to_owned(), change.colour.map(str::to_owned), change.enabled);
        let (code, spares) = (change.drawer.code.map(str::to_owned), owned(change.drawer.spares.as_ref()));
        self.tools.amend(move |tools| {
            for tool in tools.iter_mut().filter(|tool| tool.id == id) {
                tool.colour = colour.clone().unwrap_or_else(|| tool.colour.clone());
                tool.enabled = enabled.unwrap_or(tool.enabled);
                tool.code = code.clone().or_else(|| tool.code.clone());
                tool.spares = spares.clone().unwrap_or_else(|| tool.spares.clone());
            }
        });
        Ok(())
    }

    pub async fn set_pin(&self, id: &str, pin: &Secret) -> Result<(), Fault> {
        let body = Body::json("set_pin", &Value::of(pin))?;
        let request = Request::write("set_pin", Method::PUT).at(["tools", id, "pin"]).body(body).secret(pin.clone());
        self.wrote(self.transport.send(request, nothing).await)
    }

    /// Asks for a tool to be deleted. When it is gone, the list says so.
    pub async fn delete_tool(&self, id: &str) -> Result<(), Fault> {
        let request = Request::write("delete_tool", Method::DELETE).at(["tools", id]);
        let outcome = self.transport.send(request, nothing).await;
        self.tools.invalidate();
        outcome
    }

    /// Sends an invitation by mail, each time that it is called.
    pub async fn invite(&self, login: &str) -> Result<String, Fault> {
        let body = Body::json("invite", &serde_json::json!({"login": login}))?;
        let request = Request::write("invite", Method::POST).at(["invitations"]).body(body);
        Ok(self.transport.send(request, read::<Made>).await?.id)
    }

    /// Makes a member of someone who was invited.
    pub async fn create_member(&self, member: &NewMember<'_>) -> Result<String, Fault> {
        let body = Body::json("create_member", member)?;
        let request = Request::write("create_member", Method::POST).at(["members"]).body(body);
        let request = member.password.into_iter().fold(request, |request, word| request.secret(Secret::new(word)));
        Ok(self.transport.send(request, read::<Made>).await?.id)
    }

    /// A member; none when the vendor says that there is none.
    pub async fn member(&self, id: &str) -> Result<Option<Member>, Fault> {
        let request = Request::read("member", Method::GET).at(["members", id]);
        match self.transport.send(request, read::<Member>).await {
            Ok(member) => Ok(Some(member)),
            Err(fault) if fault.class == Class::Missing => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    pub async fn change_member(&self, id: &str, change: &Change<'_>) -> Result<(), Fault> {
        let request = Request::write("change_member", Method::PATCH).at(["members", id]);
        self.transport.send(request.body(Body::json("change_member", change)?), nothing).await
    }

    pub async fn set_password(&self, id: &str, password: &Secret) -> Result<(), Fault> {
        let request = Request::write("set_password", Method::PUT).at(["members", id, "password"]);
        let request = request.body(Body::json("set_password", &Value::of(password))?).secret(password.clone());
        self.transport.send(request, nothing).await
    }

    pub async fn delete_member(&self, id: &str) -> Result<(), Fault> {
        self.transport.send(Request::write("delete_member", Method::DELETE).at(["members", id]), nothing).await
    }

    /// Has an errand done.
    pub async fn do_errand(&self, label: &str) -> Result<String, Fault> {
        let body = Body::json("do_errand", &serde_json::json!({"label": label}))?;
        let request = Request::write("do_errand", Method::POST).at(["errands"]).body(body);
        Ok(self.transport.send(request, read::<Made>).await?.id)
    }

    /// Whether the workshop is still at an errand; one that it does not know is over.
    pub async fn is_under_way(&self, id: &str) -> Result<bool, Fault> {
        let request = Request::read("errand", Method::GET).at(["errands", id]);
        match self.transport.send(request, read::<Errand>).await {
            Err(fault) if fault.class == Class::Missing => Ok(false),
            errand => errand.map(|errand| errand.under_way),
        }
    }

    /// Whether the token opens the door.
    pub async fn knock(&self) -> Result<(), Fault> {
        self.transport.send(Request::read("knock", Method::GET).at(["door"]), nothing).await
    }

    /// Has the token renewed, and makes the present one worthless. `reason` is for the workshop's books.
    pub async fn rotate(&self, reason: &str) -> Result<Secret, Fault> {
        let body = Body::json("rotate", &serde_json::json!({"reason": reason}))?;
        let request = Request::write("rotate", Method::POST).at(["token"]).body(body);
        Ok(Secret::new(self.transport.send(request, read::<NewToken>).await?.token))
    }

    /// A sign; none when the vendor says that there is none.
    pub async fn sign(&self, place: &str) -> Result<Option<Sign>, Fault> {
        match self.transport.send(Request::read("sign", Method::GET).at(["signs", place]), read::<Sign>).await {
            Ok(sign) => Ok(Some(sign)),
            Err(fault) if fault.class == Class::Missing => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    pub async fn hang_sign(&self, place: &str, ground: &str) -> Result<(), Fault> {
        let body = Body::json("hang_sign", &serde_json::json!({"ground": ground}))?;
        let request = Request::write("hang_sign", Method::POST).at(["signs", place]);
        self.transport.send(request.body(body), nothing).await
    }

    pub async fn paint_sign(&self, place: &str, ground: &str) -> Result<(), Fault> {
        let body = Body::json("paint_sign", &serde_json::json!({"ground": ground}))?;
        let request = Request::write("paint_sign", Method::PATCH).at(["signs", place]);
        self.transport.send(request.body(body), nothing).await
    }

    pub async fn take_sign(&self, place: &str) -> Result<(), Fault> {
        self.transport.send(Request::write("take_sign", Method::DELETE).at(["signs", place]), nothing).await
    }

    /// Puts a mark on a sign, and tells its row.
    pub async fn put_mark(&self, place: &str, mark: &str) -> Result<u64, Fault> {
        let request = Request::write("put_mark", Method::PUT).at(["signs", place, "marks", mark]);
        Ok(self.transport.send(request, read::<Row>).await?.row)
    }

    pub async fn take_mark(&self, place: &str, row: u64) -> Result<(), Fault> {
        let request = Request::write("take_mark", Method::DELETE).at(["signs", place, "rows", &row.to_string()]);
        self.transport.send(request, nothing).await
    }

    /// Chalks a lettering on a sign, and tells the number of the chalk.
    pub async fn chalk(&self, place: &str, lettering: &str) -> Result<String, Fault> {
        let body = Body::json("chalk", &serde_json::json!({"lettering": lettering}))?;
        let request = Request::write("chalk", Method::POST).at(["signs", place, "chalk"]).body(body);
        Ok(self.transport.send(request, read::<Made>).await?.id)
    }

    /// Carves what is chalked.
    pub async fn carve(&self, place: &str, chalk: &str) -> Result<(), Fault> {
        let body = Body::json("carve", &serde_json::json!({"chalk": chalk}))?;
        let request = Request::write("carve", Method::POST).at(["signs", place, "carvings"]).body(body);
        self.transport.send(request, nothing).await
    }

    /// Passes an outcome of a write on. After an unknown one the copy may lack what the vendor has done.
    fn wrote<T>(&self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        if matches!(&outcome, Err(fault) if fault.delivery == Delivery::Unknown) {
            self.tools.invalidate();
        }
        outcome
    }
}

fn owned(texts: Option<&Vec<&str>>) -> Option<Vec<String>> {
    texts.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect())
}

async fn list_tools(transport: Transport) -> Result<Vec<Tool>, Fault> {
    let request = Request::read("list_tools", Method::GET).at(["tools"]).patience(Patience::List);
    let whole = |answer: &Answer| {
        let list: ToolList = read(answer)?;
        if list.tools.len() == list.total {
            Ok(list.tools)
        } else {
            let detail = format!("the list has {} tools of {}", list.tools.len(), list.total);
            Err(answer.fault(Class::Broken, detail))
        }
    };
    transport.send(request, whole).await
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    nothing(answer)?;
    answer.json()
}

fn nothing(answer: &Answer) -> Result<(), Fault> {
    if answer.is_success() { Ok(()) } else { Err(answer.rejection(answer.status(), None)) }
}
