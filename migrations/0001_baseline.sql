-- SPDX-License-Identifier: Apache-2.0
-- The tables of a Renku deployment, name for name, as they stand at its revision 01k4dy9r2we4. A database of a running
-- deployment has them already; nothing in this file may ever change. Own additions come in later files.

CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;

CREATE SCHEMA IF NOT EXISTS authz;
CREATE SCHEMA IF NOT EXISTS capacity_reservation;
CREATE SCHEMA IF NOT EXISTS common;
CREATE SCHEMA IF NOT EXISTS connected_services;
CREATE SCHEMA IF NOT EXISTS events;
CREATE SCHEMA IF NOT EXISTS metrics;
CREATE SCHEMA IF NOT EXISTS notifications;
CREATE SCHEMA IF NOT EXISTS platform;
CREATE SCHEMA IF NOT EXISTS projects;
CREATE SCHEMA IF NOT EXISTS resource_pools;
CREATE SCHEMA IF NOT EXISTS secrets;
CREATE SCHEMA IF NOT EXISTS sessions;
CREATE SCHEMA IF NOT EXISTS storage;
CREATE SCHEMA IF NOT EXISTS users;

CREATE TYPE public.build_platform AS ENUM ('linux_amd64', 'linux_arm64');
CREATE TYPE public.buildstatus AS ENUM ('in_progress', 'failed', 'cancelled', 'succeeded');
CREATE TYPE public.configid AS ENUM ('config');
CREATE TYPE public.connectionstatus AS ENUM ('connected', 'pending');
CREATE TYPE public.environmentimagesource AS ENUM ('image', 'build');
CREATE TYPE public.environmentkind AS ENUM ('GLOBAL', 'CUSTOM');
CREATE TYPE public.launchertype AS ENUM ('interactive', 'non_interactive', 'app');
CREATE TYPE public.occurrence_state AS ENUM ('PENDING', 'ACTIVE', 'COMPLETED');
CREATE TYPE public.providerkind AS ENUM ('dropbox', 'generic_oidc', 'github', 'gitlab', 'google', 'zenodo');
CREATE TYPE public.recordstate AS ENUM ('Locked', 'Failed');
CREATE TYPE public.secretkind AS ENUM ('general', 'storage');
CREATE TYPE public.visibility AS ENUM ('public', 'private');

-- A new ULID: 48 bits of milliseconds and 80 random bits, 26 characters of Crockford's base 32, five bits each; the
-- first character has three. The 130 bits are read from two zero bits before the 16 bytes.
CREATE FUNCTION public.generate_ulid() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    alphabet CONSTANT text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    milliseconds CONSTANT bigint := round(extract(epoch FROM clock_timestamp()) * 1000);
    bits CONSTANT bit varying := B'00' || milliseconds::bit(48)
        || ('x' || encode(public.gen_random_bytes(10), 'hex'))::bit(80);
    result text := '';
BEGIN
    FOR i IN 0..25 LOOP
        result := result || substr(alphabet, substring(bits FROM 5 * i + 1 FOR 5)::bit(5)::integer + 1, 1);
    END LOOP;
    RETURN result;
END
$$;

CREATE TABLE authz.project_user_authz (
    project_id character varying(26) NOT NULL,
    role integer NOT NULL,
    user_id character varying(36),
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    CONSTRAINT project_user_authz_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_authz_project_user_authz_project_id ON authz.project_user_authz (project_id);
CREATE INDEX ix_authz_project_user_authz_role ON authz.project_user_authz (role);
CREATE INDEX ix_authz_project_user_authz_user_id ON authz.project_user_authz (user_id);

CREATE TABLE capacity_reservation.capacity_reservations (
    id character varying DEFAULT public.generate_ulid() NOT NULL,
    name character varying(40) NOT NULL,
    resource_class_id integer NOT NULL,
    recurrence jsonb NOT NULL,
    provisioning jsonb NOT NULL,
    project_template_id character varying,
    CONSTRAINT capacity_reservations_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_capacity_reservation_capacity_reservations_name
    ON capacity_reservation.capacity_reservations (name);
CREATE INDEX ix_capacity_reservation_capacity_reservations_project_t_068e
    ON capacity_reservation.capacity_reservations (project_template_id);
CREATE INDEX ix_capacity_reservation_capacity_reservations_resource_class_id
    ON capacity_reservation.capacity_reservations (resource_class_id);

CREATE TABLE capacity_reservation.occurrences (
    id character varying DEFAULT public.generate_ulid() NOT NULL,
    reservation_id character varying NOT NULL,
    activate_at_datetime timestamp with time zone NOT NULL,
    start_datetime timestamp with time zone NOT NULL,
    end_datetime timestamp with time zone NOT NULL,
    status public.occurrence_state NOT NULL,
    deployment_name character varying(255),
    CONSTRAINT occurrences_pkey PRIMARY KEY (id),
    CONSTRAINT occurrences_reservation_id_fkey FOREIGN KEY (reservation_id)
        REFERENCES capacity_reservation.capacity_reservations (id) ON DELETE CASCADE
);
CREATE INDEX ix_capacity_reservation_occurrences_activate_at_datetime
    ON capacity_reservation.occurrences (activate_at_datetime);
CREATE INDEX ix_capacity_reservation_occurrences_end_datetime
    ON capacity_reservation.occurrences (end_datetime);
CREATE INDEX ix_capacity_reservation_occurrences_start_datetime
    ON capacity_reservation.occurrences (start_datetime);
CREATE INDEX ix_capacity_reservation_occurrences_status ON capacity_reservation.occurrences (status);

CREATE TABLE users.users (
    keycloak_id character varying(36) NOT NULL,
    first_name character varying(256),
    last_name character varying(256),
    email character varying(320),
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    secret_key bytea,
    CONSTRAINT users_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_users_users_email ON users.users (email);
CREATE UNIQUE INDEX ix_users_users_keycloak_id ON users.users (keycloak_id);

CREATE TABLE common.alembic_version (
    version_num character varying(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE common.groups (
    id character varying(26) NOT NULL,
    name character varying(99) NOT NULL,
    created_by character varying(36) NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    description character varying(500),
    CONSTRAINT groups_pkey PRIMARY KEY (id),
    CONSTRAINT groups_created_by_fkey FOREIGN KEY (created_by)
        REFERENCES users.users (keycloak_id)
);
CREATE INDEX ix_common_groups_created_by ON common.groups (created_by);
CREATE INDEX ix_common_groups_name ON common.groups (name);

CREATE TABLE common.namespaces (
    id character varying(26) NOT NULL,
    slug character varying(99) NOT NULL,
    group_id character varying(26),
    user_id character varying(36),
    CONSTRAINT namespaces_pkey PRIMARY KEY (id),
    CONSTRAINT either_group_id_or_user_id_is_set CHECK ((user_id IS NULL) <> (group_id IS NULL)),
    CONSTRAINT namespaces_group_id_fk FOREIGN KEY (group_id)
        REFERENCES common.groups (id) ON DELETE CASCADE,
    CONSTRAINT namespaces_user_keycloak_id_fk FOREIGN KEY (user_id)
        REFERENCES users.users (keycloak_id) ON DELETE CASCADE
);
CREATE INDEX ix_common_namespaces_group_id ON common.namespaces (group_id);
CREATE UNIQUE INDEX ix_common_namespaces_slug ON common.namespaces (slug);
CREATE INDEX ix_common_namespaces_user_id ON common.namespaces (user_id);

CREATE TABLE projects.projects (
    id character varying(26) NOT NULL,
    name character varying(99) NOT NULL,
    visibility public.visibility NOT NULL,
    created_by_id character varying(99) NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    description character varying(500),
    keywords character varying(99)[],
    updated_at timestamp with time zone DEFAULT now(),
    documentation character varying,
    template_id character varying(26),
    is_template boolean DEFAULT false NOT NULL,
    secrets_mount_directory character varying DEFAULT '/secrets' NOT NULL,
    CONSTRAINT projects_pkey PRIMARY KEY (id),
    CONSTRAINT template_id_project_id_fk FOREIGN KEY (template_id)
        REFERENCES projects.projects (id) ON DELETE SET NULL
);
CREATE INDEX ix_projects_project_template_id ON projects.projects (template_id);

CREATE TABLE storage.data_connectors (
    id character varying(26) NOT NULL,
    name character varying(99) NOT NULL,
    visibility public.visibility NOT NULL,
    storage_type character varying(20) NOT NULL,
    configuration jsonb NOT NULL,
    source_path character varying NOT NULL,
    target_path character varying NOT NULL,
    created_by_id character varying(36) NOT NULL,
    description character varying(500),
    keywords character varying(99)[],
    readonly boolean NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    global_slug character varying(99),
    doi character varying,
    publisher_name character varying,
    publisher_url character varying,
    CONSTRAINT data_connectors_pkey PRIMARY KEY (id),
    CONSTRAINT data_connectors_created_by_id_fkey FOREIGN KEY (created_by_id)
        REFERENCES users.users (keycloak_id)
);
CREATE INDEX ix_storage_data_connectors_created_by_id ON storage.data_connectors (created_by_id);
CREATE INDEX ix_storage_data_connectors_doi ON storage.data_connectors (doi);
CREATE UNIQUE INDEX ix_storage_data_connectors_global_slug ON storage.data_connectors (global_slug);
CREATE INDEX ix_storage_data_connectors_publisher_name ON storage.data_connectors (publisher_name);
CREATE INDEX ix_storage_data_connectors_publisher_url ON storage.data_connectors (publisher_url);

CREATE TABLE common.entity_slugs (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    slug character varying(99) NOT NULL,
    project_id character varying(26),
    namespace_id character varying(26) NOT NULL,
    data_connector_id character varying(26),
    CONSTRAINT project_slugs_pkey PRIMARY KEY (id),
    CONSTRAINT one_or_both_project_id_or_group_id_are_set CHECK (project_id IS NOT NULL OR data_connector_id IS NOT NULL),
    CONSTRAINT entity_slugs_data_connector_id_fk FOREIGN KEY (data_connector_id)
        REFERENCES storage.data_connectors (id) ON DELETE CASCADE,
    CONSTRAINT entity_slugs_project_id_fk FOREIGN KEY (project_id)
        REFERENCES projects.projects (id) ON DELETE CASCADE,
    CONSTRAINT project_slugs_namespace_id_fk FOREIGN KEY (namespace_id)
        REFERENCES common.namespaces (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX entity_slugs_unique_slugs_data_connector_in_project_slugs_1
    ON common.entity_slugs (namespace_id, project_id, slug)
    WHERE project_id IS NOT NULL AND data_connector_id IS NOT NULL;
CREATE UNIQUE INDEX entity_slugs_unique_slugs_data_connector_in_project_slugs_2
    ON common.entity_slugs (namespace_id, data_connector_id, slug) NULLS NOT DISTINCT
    WHERE project_id IS NOT NULL AND data_connector_id IS NOT NULL;
CREATE UNIQUE INDEX entity_slugs_unique_slugs_data_connector_in_project_slugs_3
    ON common.entity_slugs (namespace_id, project_id, data_connector_id)
    WHERE project_id IS NOT NULL AND data_connector_id IS NOT NULL;
CREATE UNIQUE INDEX entity_slugs_unique_slugs_dc_in_group_user_slugs
    ON common.entity_slugs (namespace_id, slug)
    WHERE project_id IS NULL;
CREATE UNIQUE INDEX entity_slugs_unique_slugs_project_slugs ON common.entity_slugs (namespace_id, slug)
    WHERE data_connector_id IS NULL;
CREATE UNIQUE INDEX entity_slugs_unique_slugs_same_dc_in_group_user_two_slugs
    ON common.entity_slugs (namespace_id, data_connector_id)
    WHERE project_id IS NULL;
CREATE UNIQUE INDEX entity_slugs_unique_slugs_same_project_two_slugs
    ON common.entity_slugs (namespace_id, project_id)
    WHERE data_connector_id IS NULL;
CREATE UNIQUE INDEX ix_common_entity_slugs_data_connector_id ON common.entity_slugs (data_connector_id);
CREATE INDEX ix_common_entity_slugs_namespace_id ON common.entity_slugs (namespace_id);
CREATE INDEX ix_common_entity_slugs_project_id ON common.entity_slugs (project_id);
CREATE INDEX ix_common_entity_slugs_slug ON common.entity_slugs (slug);

CREATE TABLE common.entity_slugs_old (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    slug character varying(99) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    latest_slug_id integer NOT NULL,
    project_id character varying,
    data_connector_id character varying,
    CONSTRAINT project_slugs_old_pkey PRIMARY KEY (id),
    CONSTRAINT entity_slugs_data_connector_id_fk FOREIGN KEY (data_connector_id)
        REFERENCES storage.data_connectors (id) ON DELETE CASCADE,
    CONSTRAINT entity_slugs_project_id_fk FOREIGN KEY (project_id)
        REFERENCES projects.projects (id) ON DELETE CASCADE,
    CONSTRAINT project_slugs_old_latest_slug_id_fkey FOREIGN KEY (latest_slug_id)
        REFERENCES common.entity_slugs (id) ON DELETE CASCADE
);
CREATE INDEX ix_common_entity_slugs_old_created_at ON common.entity_slugs_old (created_at);
CREATE INDEX ix_common_entity_slugs_old_data_connector_id ON common.entity_slugs_old (data_connector_id);
CREATE INDEX ix_common_entity_slugs_old_latest_slug_id ON common.entity_slugs_old (latest_slug_id);
CREATE INDEX ix_common_entity_slugs_old_project_id ON common.entity_slugs_old (project_id);
CREATE INDEX ix_common_entity_slugs_old_slug ON common.entity_slugs_old (slug);

CREATE TABLE common.k8s_objects (
    id character varying(26) DEFAULT public.generate_ulid() NOT NULL,
    name character varying NOT NULL,
    namespace character varying NOT NULL,
    creation_date timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    manifest jsonb NOT NULL,
    deleted boolean NOT NULL,
    version character varying NOT NULL,
    kind character varying NOT NULL,
    cluster character varying NOT NULL,
    user_id character varying NOT NULL,
    "group" character varying,
    CONSTRAINT k8s_objects_pkey PRIMARY KEY (id),
    CONSTRAINT _unique_common_k8s_objects_gvk_cluster_namespace_name UNIQUE ("group", version, kind, cluster, namespace, name)
);
CREATE INDEX ix_common_k8s_objects_cluster ON common.k8s_objects (cluster);
CREATE INDEX ix_common_k8s_objects_deleted ON common.k8s_objects (deleted);
CREATE INDEX ix_common_k8s_objects_group ON common.k8s_objects ("group");
CREATE INDEX ix_common_k8s_objects_kind ON common.k8s_objects (kind);
CREATE INDEX ix_common_k8s_objects_name ON common.k8s_objects (name);
CREATE INDEX ix_common_k8s_objects_namespace ON common.k8s_objects (namespace);
CREATE INDEX ix_common_k8s_objects_user_id ON common.k8s_objects (user_id);
CREATE INDEX ix_common_k8s_objects_version ON common.k8s_objects (version);

CREATE TABLE common.namespaces_old (
    id character varying(26) NOT NULL,
    slug character varying(99) NOT NULL,
    created_at timestamp without time zone DEFAULT now() NOT NULL,
    latest_slug_id character varying(26) NOT NULL,
    CONSTRAINT namespaces_old_pkey PRIMARY KEY (id),
    CONSTRAINT namespaces_old_latest_slug_id_fkey FOREIGN KEY (latest_slug_id)
        REFERENCES common.namespaces (id) ON DELETE CASCADE
);
CREATE INDEX ix_common_namespaces_old_created_at ON common.namespaces_old (created_at);
CREATE INDEX ix_common_namespaces_old_latest_slug_id ON common.namespaces_old (latest_slug_id);
CREATE INDEX ix_common_namespaces_old_slug ON common.namespaces_old (slug);

CREATE TABLE connected_services.oauth2_clients (
    id character varying(99) NOT NULL,
    client_id character varying(500) NOT NULL,
    display_name character varying(99) NOT NULL,
    created_by_id character varying NOT NULL,
    kind public.providerkind NOT NULL,
    scope character varying NOT NULL,
    url character varying NOT NULL,
    client_secret bytea,
    creation_date timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    use_pkce boolean DEFAULT false NOT NULL,
    app_slug character varying(500) DEFAULT '' NOT NULL,
    image_registry_url character varying,
    oidc_issuer_url character varying,
    CONSTRAINT oauth2_clients_pkey PRIMARY KEY (id)
);

CREATE TABLE connected_services.oauth2_connections (
    id character varying(26) NOT NULL,
    user_id character varying NOT NULL,
    client_id character varying(99) NOT NULL,
    token jsonb,
    state character varying,
    status public.connectionstatus NOT NULL,
    creation_date timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    code_verifier character varying,
    next_url character varying,
    CONSTRAINT oauth2_connections_pkey PRIMARY KEY (id),
    CONSTRAINT _unique_user_id_client_id_uc UNIQUE (user_id, client_id),
    CONSTRAINT oauth2_connections_client_id_fkey FOREIGN KEY (client_id)
        REFERENCES connected_services.oauth2_clients (id) ON DELETE CASCADE
);
CREATE INDEX ix_connected_services_oauth2_connections_client_id
    ON connected_services.oauth2_connections (client_id);
CREATE UNIQUE INDEX ix_connected_services_oauth2_connections_state
    ON connected_services.oauth2_connections (state);

CREATE TABLE events.reprovisioning (
    id character varying(26) NOT NULL,
    start_date timestamp with time zone NOT NULL,
    CONSTRAINT reprovisioning_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_reprovisioning_single_row_constraint ON events.reprovisioning ((true));

CREATE TABLE events.search_updates (
    id character varying DEFAULT public.generate_ulid() NOT NULL,
    entity_id character varying(100) NOT NULL,
    entity_type character varying(100) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    payload jsonb NOT NULL,
    state public.recordstate,
    CONSTRAINT search_updates_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_events_search_updates_entity_id ON events.search_updates (entity_id);

CREATE TABLE metrics.metrics (
    id character varying DEFAULT public.generate_ulid() NOT NULL,
    anonymous_user_id character varying NOT NULL,
    event character varying NOT NULL,
    timestamp timestamp with time zone DEFAULT now() NOT NULL,
    metadata jsonb,
    CONSTRAINT metrics_pkey PRIMARY KEY (id)
);

CREATE TABLE notifications.alerts (
    id character varying DEFAULT public.generate_ulid() NOT NULL,
    title character varying NOT NULL,
    message character varying NOT NULL,
    event_type character varying NOT NULL,
    user_id character varying NOT NULL,
    session_name character varying,
    creation_date timestamp with time zone DEFAULT now() NOT NULL,
    resolved_date timestamp with time zone,
    CONSTRAINT alerts_pkey PRIMARY KEY (id),
    CONSTRAINT alerts_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users.users (keycloak_id) ON DELETE CASCADE
);
CREATE INDEX ix_notifications_alerts_event_type ON notifications.alerts (event_type);
CREATE INDEX ix_notifications_alerts_user_id ON notifications.alerts (user_id);

CREATE TABLE platform.config (
    id public.configid NOT NULL,
    incident_banner character varying NOT NULL,
    creation_date timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT config_pkey PRIMARY KEY (id)
);

CREATE TABLE platform.url_redirects (
    id character varying NOT NULL,
    source_url character varying NOT NULL,
    target_url character varying NOT NULL,
    creation_date timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT url_redirects_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_platform_url_redirects_source_url ON platform.url_redirects (source_url);
CREATE INDEX ix_platform_url_redirects_target_url ON platform.url_redirects (target_url);

CREATE TABLE projects.project_migrations (
    id character varying(26) NOT NULL,
    project_v1_id integer NOT NULL,
    project_id character varying(26) NOT NULL,
    launcher_id character varying(26),
    CONSTRAINT project_migrations_pkey PRIMARY KEY (id),
    CONSTRAINT uq_project_v1_id UNIQUE (project_v1_id),
    CONSTRAINT project_migrations_project_id_fkey FOREIGN KEY (project_id)
        REFERENCES projects.projects (id) ON DELETE CASCADE
);
CREATE INDEX ix_projects_project_migrations_project_id ON projects.project_migrations (project_id);

CREATE TABLE projects.projects_repositories (
    url character varying(2000) NOT NULL,
    project_id character varying(26),
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    CONSTRAINT projects_repositories_pkey PRIMARY KEY (id),
    CONSTRAINT projects_repositories_project_id_fkey_v2 FOREIGN KEY (project_id)
        REFERENCES projects.projects (id) ON DELETE CASCADE
);
CREATE INDEX ix_projects_projects_repositories_project_id ON projects.projects_repositories (project_id);

CREATE TABLE projects.session_secret_slots (
    id character varying(26) NOT NULL,
    project_id character varying(26) NOT NULL,
    name character varying(99) NOT NULL,
    description character varying(500),
    filename character varying(200) NOT NULL,
    created_by_id character varying(36) NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT session_secret_slots_pkey PRIMARY KEY (id),
    CONSTRAINT _unique_project_id_filename UNIQUE (project_id, filename),
    CONSTRAINT session_secret_slots_created_by_id_fkey FOREIGN KEY (created_by_id)
        REFERENCES users.users (keycloak_id),
    CONSTRAINT session_secret_slots_project_id_fkey FOREIGN KEY (project_id)
        REFERENCES projects.projects (id) ON DELETE CASCADE
);
CREATE INDEX ix_projects_session_secret_slots_created_by_id ON projects.session_secret_slots (created_by_id);
CREATE INDEX ix_projects_session_secret_slots_project_id ON projects.session_secret_slots (project_id);

CREATE TABLE secrets.secrets (
    default_filename character varying(256) NOT NULL,
    encrypted_value bytea NOT NULL,
    encrypted_key bytea NOT NULL,
    modification_date timestamp with time zone NOT NULL,
    id character varying(26) NOT NULL,
    user_id character varying(36),
    kind public.secretkind DEFAULT 'general' NOT NULL,
    name character varying(99) NOT NULL,
    expiration_timestamp timestamp with time zone,
    CONSTRAINT secrets_pkey PRIMARY KEY (id),
    CONSTRAINT _unique_user_id_default_filename UNIQUE (user_id, default_filename),
    CONSTRAINT secrets_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users.users (keycloak_id) ON DELETE CASCADE
);
CREATE INDEX ix_secrets_secrets_expiration_timestamp ON secrets.secrets (expiration_timestamp);
CREATE INDEX ix_secrets_secrets_user_id ON secrets.secrets (user_id);

CREATE TABLE projects.session_secrets (
    id character varying(26) NOT NULL,
    user_id character varying(36) NOT NULL,
    secret_slot_id character varying(26) NOT NULL,
    secret_id character varying(26) NOT NULL,
    CONSTRAINT session_secrets_pkey PRIMARY KEY (id),
    CONSTRAINT _unique_secret_slot_id_user_id UNIQUE (secret_slot_id, user_id),
    CONSTRAINT session_secrets_secret_id_fkey FOREIGN KEY (secret_id)
        REFERENCES secrets.secrets (id) ON DELETE CASCADE,
    CONSTRAINT session_secrets_secret_slot_id_fkey FOREIGN KEY (secret_slot_id)
        REFERENCES projects.session_secret_slots (id) ON DELETE CASCADE,
    CONSTRAINT session_secrets_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users.users (keycloak_id) ON DELETE CASCADE
);
CREATE INDEX ix_projects_session_secrets_user_id ON projects.session_secrets (user_id);

CREATE TABLE resource_pools.clusters (
    id character varying NOT NULL,
    name character varying(40) NOT NULL,
    config_name character varying(40) NOT NULL,
    session_protocol character varying(10) NOT NULL,
    session_host character varying(256) NOT NULL,
    session_port integer NOT NULL,
    session_path character varying NOT NULL,
    session_ingress_annotations jsonb NOT NULL,
    session_tls_secret_name character varying(256),
    session_storage_class character varying(256),
    service_account_name character varying(256),
    session_ingress_class_name character varying,
    session_ingress_use_default_cluster_tls_cert boolean DEFAULT false NOT NULL,
    CONSTRAINT clusters_pkey PRIMARY KEY (id),
    CONSTRAINT protocol_tls_secrets CHECK (
        session_protocol = 'https' AND (session_tls_secret_name IS NOT NULL) <> session_ingress_use_default_cluster_tls_cert
        OR session_protocol = 'http')
);
CREATE UNIQUE INDEX ix_resource_pools_clusters_config_name ON resource_pools.clusters (config_name);
CREATE UNIQUE INDEX ix_resource_pools_clusters_name ON resource_pools.clusters (name);

CREATE TABLE resource_pools.resource_pools (
    name character varying(40) NOT NULL,
    quota character varying(63),
    "default" boolean NOT NULL,
    public boolean NOT NULL,
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    idle_threshold integer,
    hibernation_threshold integer,
    cluster_id character varying,
    remote_provider_id character varying(99),
    remote_json jsonb,
    platform public.build_platform DEFAULT 'linux_amd64' NOT NULL,
    hibernation_warning_period integer,
    cpu_limit_factor double precision,
    CONSTRAINT resource_pools_pkey PRIMARY KEY (id),
    CONSTRAINT chk_cpu_limit_factor_gte_1 CHECK (cpu_limit_factor IS NULL OR cpu_limit_factor >= 1.0),
    CONSTRAINT resource_pools_remote_provider_id_fk FOREIGN KEY (remote_provider_id)
        REFERENCES connected_services.oauth2_clients (id) ON DELETE RESTRICT,
    CONSTRAINT resource_pools_resource_pools_cluster_id_fk FOREIGN KEY (cluster_id)
        REFERENCES resource_pools.clusters (id) ON DELETE SET NULL
);
CREATE INDEX ix_resource_pools_resource_pools_cluster_id ON resource_pools.resource_pools (cluster_id);
CREATE INDEX ix_resource_pools_resource_pools_default ON resource_pools.resource_pools ("default");
CREATE INDEX ix_resource_pools_resource_pools_name ON resource_pools.resource_pools (name);
CREATE INDEX ix_resource_pools_resource_pools_public ON resource_pools.resource_pools (public);
CREATE INDEX ix_resource_pools_resource_pools_quota ON resource_pools.resource_pools (quota);
CREATE INDEX ix_resource_pools_resource_pools_remote_provider_id
    ON resource_pools.resource_pools (remote_provider_id);

CREATE TABLE resource_pools.resource_classes (
    name character varying(40) NOT NULL,
    cpu double precision NOT NULL,
    memory bigint NOT NULL,
    max_storage bigint NOT NULL,
    default_storage bigint NOT NULL,
    "default" boolean NOT NULL,
    gpu bigint NOT NULL,
    resource_pool_id integer,
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    quota_enforced boolean DEFAULT false NOT NULL,
    CONSTRAINT resource_classes_pkey PRIMARY KEY (id),
    CONSTRAINT resource_classes_resource_pool_id_fkey FOREIGN KEY (resource_pool_id)
        REFERENCES resource_pools.resource_pools (id) ON DELETE CASCADE
);
CREATE INDEX ix_resource_pools_resource_classes_name ON resource_pools.resource_classes (name);
CREATE INDEX ix_resource_pools_resource_classes_resource_pool_id
    ON resource_pools.resource_classes (resource_pool_id);

CREATE TABLE resource_pools.node_affinities (
    key character varying(63) NOT NULL,
    resource_class_id integer,
    required_during_scheduling boolean NOT NULL,
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    CONSTRAINT node_affinities_pkey PRIMARY KEY (id),
    CONSTRAINT node_affinities_resource_class_id_fkey FOREIGN KEY (resource_class_id)
        REFERENCES resource_pools.resource_classes (id)
);
CREATE INDEX ix_resource_pools_node_affinities_key ON resource_pools.node_affinities (key);
CREATE INDEX ix_resource_pools_node_affinities_resource_class_id
    ON resource_pools.node_affinities (resource_class_id);

CREATE SEQUENCE resource_pools.resource_class_costs_resource_class_id_seq AS integer;
CREATE TABLE resource_pools.resource_class_costs (
    resource_class_id integer DEFAULT nextval('resource_pools.resource_class_costs_resource_class_id_seq') NOT NULL,
    cost integer NOT NULL,
    CONSTRAINT resource_class_costs_pkey PRIMARY KEY (resource_class_id),
    CONSTRAINT fk_resource_class_costs_resource_class_id FOREIGN KEY (resource_class_id)
        REFERENCES resource_pools.resource_classes (id) ON DELETE CASCADE
);
ALTER SEQUENCE resource_pools.resource_class_costs_resource_class_id_seq OWNED BY resource_pools.resource_class_costs.resource_class_id;

CREATE TABLE resource_pools.users (
    keycloak_id character varying(50) NOT NULL,
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    no_default_access boolean DEFAULT false NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_resource_pools_users_keycloak_id ON resource_pools.users (keycloak_id);

CREATE TABLE resource_pools.resource_pools_users (
    user_id integer NOT NULL,
    resource_pool_id integer NOT NULL,
    CONSTRAINT resource_pools_users_pkey PRIMARY KEY (user_id, resource_pool_id),
    CONSTRAINT resource_pools_users_resource_pool_id_fkey FOREIGN KEY (resource_pool_id)
        REFERENCES resource_pools.resource_pools (id) ON DELETE CASCADE,
    CONSTRAINT resource_pools_users_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES resource_pools.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_resource_pools_resource_pools_users_resource_pool_id
    ON resource_pools.resource_pools_users (resource_pool_id);
CREATE INDEX ix_resource_pools_resource_pools_users_user_id ON resource_pools.resource_pools_users (user_id);

CREATE SEQUENCE resource_pools.resource_requests_limits_resource_pool_id_seq AS integer;
CREATE TABLE resource_pools.resource_requests_limits (
    resource_pool_id integer DEFAULT nextval('resource_pools.resource_requests_limits_resource_pool_id_seq') NOT NULL,
    total_limit integer NOT NULL,
    user_limit integer NOT NULL,
    CONSTRAINT resource_requests_limits_pkey PRIMARY KEY (resource_pool_id),
    CONSTRAINT fk_resource_requests_limits_resource_pool_id FOREIGN KEY (resource_pool_id)
        REFERENCES resource_pools.resource_pools (id) ON DELETE CASCADE
);
ALTER SEQUENCE resource_pools.resource_requests_limits_resource_pool_id_seq OWNED BY resource_pools.resource_requests_limits.resource_pool_id;

CREATE TABLE resource_pools.resource_requests_log (
    id character varying DEFAULT public.generate_ulid() NOT NULL,
    cluster_id character varying,
    namespace character varying NOT NULL,
    name character varying NOT NULL,
    uid character varying NOT NULL,
    kind character varying NOT NULL,
    api_version character varying NOT NULL,
    phase character varying NOT NULL,
    capture_date timestamp with time zone NOT NULL,
    capture_interval interval NOT NULL,
    user_id character varying,
    project_id character varying,
    launcher_id character varying,
    resource_class_id integer,
    resource_class_cost integer,
    resource_pool_id integer,
    since timestamp with time zone,
    cpu_request double precision,
    memory_request double precision,
    gpu_request double precision,
    gpu_slice double precision,
    gpu_product character varying,
    disk_request double precision,
    CONSTRAINT resource_requests_log_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_resource_pools_resource_requests_log_capture_date
    ON resource_pools.resource_requests_log (capture_date);
CREATE INDEX ix_resource_pools_resource_requests_log_phase ON resource_pools.resource_requests_log (phase);
CREATE INDEX ix_resource_pools_resource_requests_log_project_id
    ON resource_pools.resource_requests_log (project_id);
CREATE INDEX ix_resource_pools_resource_requests_log_resource_class_id
    ON resource_pools.resource_requests_log (resource_class_id);
CREATE INDEX ix_resource_pools_resource_requests_log_resource_pool_id
    ON resource_pools.resource_requests_log (resource_pool_id);
CREATE INDEX ix_resource_pools_resource_requests_log_user_id
    ON resource_pools.resource_requests_log (user_id);
CREATE INDEX ix_uid_phase ON resource_pools.resource_requests_log (uid, phase);

CREATE TABLE resource_pools.tolerations (
    key character varying(63) NOT NULL,
    resource_class_id integer,
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    CONSTRAINT tolerations_pkey PRIMARY KEY (id),
    CONSTRAINT tolerations_resource_class_id_fkey FOREIGN KEY (resource_class_id)
        REFERENCES resource_pools.resource_classes (id)
);
CREATE INDEX ix_resource_pools_tolerations_key ON resource_pools.tolerations (key);
CREATE INDEX ix_resource_pools_tolerations_resource_class_id
    ON resource_pools.tolerations (resource_class_id);

CREATE TABLE sessions.build_parameters (
    id character varying(26) NOT NULL,
    repository character varying(500) NOT NULL,
    builder_variant character varying(99) NOT NULL,
    frontend_variant character varying(99) NOT NULL,
    repository_revision character varying(500),
    context_dir character varying(500),
    CONSTRAINT build_parameters_pkey PRIMARY KEY (id)
);

CREATE TABLE sessions.build_platforms (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    platform public.build_platform NOT NULL,
    build_parameters_id character varying NOT NULL,
    CONSTRAINT build_platforms_pkey PRIMARY KEY (id),
    CONSTRAINT build_platform_build_parameters_id_fk FOREIGN KEY (build_parameters_id)
        REFERENCES sessions.build_parameters (id) ON DELETE CASCADE
);

CREATE TABLE sessions.environments (
    id character varying(26) NOT NULL,
    name character varying(99) NOT NULL,
    created_by_id character varying NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    description character varying(500),
    container_image character varying(500) NOT NULL,
    default_url character varying(200) NOT NULL,
    environment_kind public.environmentkind NOT NULL,
    port integer NOT NULL,
    working_directory character varying,
    mount_directory character varying,
    uid integer NOT NULL,
    gid integer NOT NULL,
    args jsonb,
    command jsonb,
    is_archived boolean DEFAULT false NOT NULL,
    environment_image_source public.environmentimagesource DEFAULT 'image' NOT NULL,
    build_parameters_id character varying(26),
    strip_path_prefix boolean DEFAULT false NOT NULL,
    CONSTRAINT environments_pkey PRIMARY KEY (id),
    CONSTRAINT environments_build_parameters_id_fk FOREIGN KEY (build_parameters_id)
        REFERENCES sessions.build_parameters (id) ON DELETE CASCADE
);

CREATE TABLE sessions.builds (
    id character varying(26) NOT NULL,
    environment_id character varying(26) NOT NULL,
    status public.buildstatus NOT NULL,
    created_at timestamp with time zone NOT NULL,
    result_image character varying(500),
    completed_at timestamp with time zone,
    result_repository_url character varying(500),
    result_repository_git_commit_sha character varying(100),
    error_reason character varying(500),
    CONSTRAINT builds_pkey PRIMARY KEY (id),
    CONSTRAINT builds_environment_id_fkey FOREIGN KEY (environment_id)
        REFERENCES sessions.environments (id) ON DELETE CASCADE
);

CREATE TABLE sessions.launchers (
    id character varying(26) NOT NULL,
    name character varying(99) NOT NULL,
    created_by_id character varying NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    description character varying(500),
    project_id character varying(26) NOT NULL,
    environment_id character varying(26),
    resource_class_id integer,
    disk_storage bigint,
    env_variables jsonb,
    launcher_type public.launchertype DEFAULT 'interactive' NOT NULL,
    CONSTRAINT launchers_pkey PRIMARY KEY (id),
    CONSTRAINT fk_sessions_launchers_resource_class_id FOREIGN KEY (resource_class_id)
        REFERENCES resource_pools.resource_classes (id) ON DELETE SET NULL,
    CONSTRAINT launchers_environment_id_fkey FOREIGN KEY (environment_id)
        REFERENCES sessions.environments (id),
    CONSTRAINT launchers_project_id_fkey FOREIGN KEY (project_id)
        REFERENCES projects.projects (id) ON DELETE CASCADE
);
CREATE INDEX ix_sessions_launchers_environment_id ON sessions.launchers (environment_id);
CREATE INDEX ix_sessions_launchers_launcher_type ON sessions.launchers (launcher_type);
CREATE INDEX ix_sessions_launchers_project_id ON sessions.launchers (project_id);

CREATE TABLE storage.cloud_storage (
    project_id character varying NOT NULL,
    storage_type character varying(20) NOT NULL,
    configuration jsonb NOT NULL,
    source_path character varying NOT NULL,
    target_path character varying NOT NULL,
    name character varying NOT NULL,
    storage_id character varying(26) NOT NULL,
    readonly boolean DEFAULT true NOT NULL,
    CONSTRAINT cloud_storage_pkey PRIMARY KEY (storage_id),
    CONSTRAINT _unique_name_uc UNIQUE (project_id, name)
);
CREATE INDEX ix_storage_cloud_storage_project_id ON storage.cloud_storage (project_id);

CREATE TABLE storage.data_connector_secrets (
    user_id character varying(36) NOT NULL,
    data_connector_id character varying(26) NOT NULL,
    name character varying NOT NULL,
    secret_id character varying(26) NOT NULL,
    CONSTRAINT data_connector_secrets_pkey PRIMARY KEY (user_id, data_connector_id, name),
    CONSTRAINT data_connector_secrets_data_connector_id_fkey FOREIGN KEY (data_connector_id)
        REFERENCES storage.data_connectors (id) ON DELETE CASCADE,
    CONSTRAINT data_connector_secrets_secret_id_fkey FOREIGN KEY (secret_id)
        REFERENCES secrets.secrets (id) ON DELETE CASCADE,
    CONSTRAINT data_connector_secrets_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users.users (keycloak_id) ON DELETE CASCADE
);
CREATE INDEX ix_storage_data_connector_secrets_user_id_data_connector_id
    ON storage.data_connector_secrets (user_id, data_connector_id);

CREATE TABLE storage.data_connector_to_project_links (
    id character varying(26) NOT NULL,
    data_connector_id character varying(26) NOT NULL,
    project_id character varying(26) NOT NULL,
    created_by_id character varying(36) NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT data_connector_to_project_links_pkey PRIMARY KEY (id),
    CONSTRAINT _unique_data_connector_id_project_id_uc UNIQUE (data_connector_id, project_id),
    CONSTRAINT data_connector_to_project_links_created_by_id_fkey FOREIGN KEY (created_by_id)
        REFERENCES users.users (keycloak_id) ON DELETE CASCADE,
    CONSTRAINT data_connector_to_project_links_data_connector_id_fkey FOREIGN KEY (data_connector_id)
        REFERENCES storage.data_connectors (id) ON DELETE CASCADE,
    CONSTRAINT data_connector_to_project_links_project_id_fkey FOREIGN KEY (project_id)
        REFERENCES projects.projects (id) ON DELETE CASCADE
);
CREATE INDEX ix_storage_data_connector_to_project_links_created_by_id
    ON storage.data_connector_to_project_links (created_by_id);
CREATE INDEX ix_storage_data_connector_to_project_links_data_connector_id
    ON storage.data_connector_to_project_links (data_connector_id);
CREATE INDEX ix_storage_data_connector_to_project_links_project_id
    ON storage.data_connector_to_project_links (project_id);

CREATE TABLE storage.deposit_sources (
    id character varying DEFAULT public.generate_ulid() NOT NULL,
    source character varying(100) NOT NULL,
    CONSTRAINT deposit_sources_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_storage_deposit_sources_source ON storage.deposit_sources (source);

CREATE TABLE storage.deposit_statuses (
    id character varying DEFAULT public.generate_ulid() NOT NULL,
    status character varying(100) NOT NULL,
    CONSTRAINT deposit_statuses_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_storage_deposit_statuses_status ON storage.deposit_statuses (status);

CREATE TABLE storage.deposits (
    id character varying DEFAULT public.generate_ulid() NOT NULL,
    source_id character varying NOT NULL,
    status_id character varying NOT NULL,
    original_id character varying NOT NULL,
    data_connector_id character varying NOT NULL,
    user_id character varying(36) NOT NULL,
    path character varying,
    job_name character varying NOT NULL,
    name character varying NOT NULL,
    cluster_id character varying,
    creation_date timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT deposits_pkey PRIMARY KEY (id, user_id),
    CONSTRAINT deposits_cluster_id_fkey FOREIGN KEY (cluster_id)
        REFERENCES resource_pools.clusters (id) ON DELETE CASCADE,
    CONSTRAINT deposits_data_connector_id_fkey FOREIGN KEY (data_connector_id)
        REFERENCES storage.data_connectors (id) ON DELETE CASCADE,
    CONSTRAINT deposits_source_id_fkey FOREIGN KEY (source_id)
        REFERENCES storage.deposit_sources (id) ON DELETE CASCADE,
    CONSTRAINT deposits_status_id_fkey FOREIGN KEY (status_id)
        REFERENCES storage.deposit_statuses (id) ON DELETE CASCADE,
    CONSTRAINT deposits_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users.users (keycloak_id) ON DELETE CASCADE
);
CREATE INDEX ix_storage_deposits_cluster_id ON storage.deposits (cluster_id);
CREATE INDEX ix_storage_deposits_data_connector_id ON storage.deposits (data_connector_id);
CREATE INDEX ix_storage_deposits_source_id ON storage.deposits (source_id);
CREATE INDEX ix_storage_deposits_status_id ON storage.deposits (status_id);

CREATE TABLE users.last_keycloak_event_timestamp (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    timestamp_utc timestamp without time zone NOT NULL,
    CONSTRAINT last_keycloak_event_timestamp_pkey PRIMARY KEY (id)
);

CREATE TABLE users.user_metrics (
    id integer NOT NULL,
    metrics_identity_hash character varying,
    CONSTRAINT user_metrics_pkey PRIMARY KEY (id),
    CONSTRAINT user_metrics_id_fkey FOREIGN KEY (id)
        REFERENCES users.users (id) ON DELETE CASCADE
);

CREATE TABLE users.user_preferences (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    user_id character varying NOT NULL,
    pinned_projects jsonb NOT NULL,
    show_project_migration_banner boolean DEFAULT true NOT NULL,
    CONSTRAINT user_preferences_pkey PRIMARY KEY (id),
    CONSTRAINT user_preferences_user_id_key UNIQUE (user_id)
);

INSERT INTO common.alembic_version (version_num) VALUES ('01k4dy9r2we4');

INSERT INTO storage.deposit_sources (source) VALUES ('envidat'), ('zenodo');
INSERT INTO storage.deposit_statuses (status) VALUES ('complete'), ('failed'), ('in_progress'), ('upload_complete');
