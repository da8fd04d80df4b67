//! THE table of kinds, and that of vendors. Everything else is derived from it: controllers, definitions, `plan`, docs, tests.

use crate::adeptia::{AdeptiaConnect, connect_partner, connect_user};
use crate::engine::registry::{KindRow, Tables};
use crate::engine::session::VendorRow;
use crate::intrexx::{
    Intrexx, intrexx_portal, mail_service, portal_action, portal_group, portal_package, portal_template, portal_user,
    scheduler_job,
};
use crate::myintranetapps::{MyIntranetApps, tenant_account};

/// Every vendor and every managed kind.
pub const TABLES: Tables = Tables {
    vendors: &[VendorRow::of::<MyIntranetApps>(), VendorRow::of::<Intrexx>(), VendorRow::of::<AdeptiaConnect>()],
    kinds: &[
        KindRow::of::<tenant_account::Accounts>("TenantAccount"),
        KindRow::of::<intrexx_portal::Portals>("IntrexxPortal"),
        KindRow::of::<portal_template::PortalTemplates>("PortalTemplate"),
        KindRow::of::<portal_package::PortalPackages>("PortalPackage"),
        KindRow::of::<scheduler_job::SchedulerJobs>("SchedulerJob"),
        KindRow::of::<mail_service::MailServices>("MailService"),
        KindRow::of::<portal_user::Users>("PortalUser"),
        KindRow::of::<portal_group::Groups>("PortalGroup"),
        KindRow::of::<portal_action::PortalActions>("PortalAction"),
        KindRow::of::<connect_partner::Partners>("ConnectPartner"),
        KindRow::of::<connect_user::ConnectUsers>("ConnectUser"),
    ],
};
