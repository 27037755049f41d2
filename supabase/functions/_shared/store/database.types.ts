export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "session_events": {
        Row: {
          "detail": NonNullable<Json>;
          "event": Database["public"]["Enums"]["session_event"];
          "id": number;
          "ip": unknown;
          "occurred_at": string;
          "request_id": string | null;
          "session_id": string | null;
          "user_agent": string | null;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "detail"?: NonNullable<Json>;
          "event": Database["public"]["Enums"]["session_event"];
          "id"?: never;
          "ip"?: unknown;
          "occurred_at"?: string;
          "request_id"?: string | null;
          "session_id"?: string | null;
          "user_agent"?: string | null;
          "user_id"?: string | null;
        };
        Update: {
          "detail"?: NonNullable<Json>;
          "event"?: Database["public"]["Enums"]["session_event"];
          "id"?: never;
          "ip"?: unknown;
          "occurred_at"?: string;
          "request_id"?: string | null;
          "session_id"?: string | null;
          "user_agent"?: string | null;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "sessions": {
        Row: {
          "aal": string;
          "absolute_expires_at": string | null;
          "access_token_expires_at": string;
          "amr": NonNullable<Json>;
          "branch": number;
          "confirmed_at": string | null;
          "created_at": string;
          "device_name": string | null;
          "generation": number;
          "id": string;
          "identity_session_id": string | null;
          "ip": unknown;
          "is_valid": boolean;
          "issued_at": string;
          "key_thumbprint": string | null;
          "last_active_at": string;
          "lineage": string | null;
          "previous_branch": number | null;
          "previous_refresh_token_hash": string | null;
          "rate_limit_tat": string | null;
          "refresh_token_expires_at": string;
          "refresh_token_hash": string;
          "revoked_at": string | null;
          "revoked_reason": Database["public"]["Enums"]["session_revoked_reason"] | null;
          "successor_key_id": string | null;
          "successor_salt": string | null;
          "superseded_refresh_token_hash": string | null;
          "user_agent": string | null;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "aal": string;
          "absolute_expires_at"?: string | null;
          "access_token_expires_at": string;
          "amr": NonNullable<Json>;
          "branch"?: number;
          "confirmed_at"?: string | null;
          "created_at": string;
          "device_name"?: string | null;
          "generation"?: number;
          "id": string;
          "identity_session_id"?: string | null;
          "ip"?: unknown;
          "is_valid"?: boolean;
          "issued_at": string;
          "key_thumbprint"?: string | null;
          "last_active_at": string;
          "lineage"?: string | null;
          "previous_branch"?: number | null;
          "previous_refresh_token_hash"?: string | null;
          "rate_limit_tat"?: string | null;
          "refresh_token_expires_at": string;
          "refresh_token_hash": string;
          "revoked_at"?: string | null;
          "revoked_reason"?: Database["public"]["Enums"]["session_revoked_reason"] | null;
          "successor_key_id"?: string | null;
          "successor_salt"?: string | null;
          "superseded_refresh_token_hash"?: string | null;
          "user_agent"?: string | null;
          "user_id": string;
        };
        Update: {
          "aal"?: string;
          "absolute_expires_at"?: string | null;
          "access_token_expires_at"?: string;
          "amr"?: NonNullable<Json>;
          "branch"?: number;
          "confirmed_at"?: string | null;
          "created_at"?: string;
          "device_name"?: string | null;
          "generation"?: number;
          "id"?: string;
          "identity_session_id"?: string | null;
          "ip"?: unknown;
          "is_valid"?: boolean;
          "issued_at"?: string;
          "key_thumbprint"?: string | null;
          "last_active_at"?: string;
          "lineage"?: string | null;
          "previous_branch"?: number | null;
          "previous_refresh_token_hash"?: string | null;
          "rate_limit_tat"?: string | null;
          "refresh_token_expires_at"?: string;
          "refresh_token_hash"?: string;
          "revoked_at"?: string | null;
          "revoked_reason"?: Database["public"]["Enums"]["session_revoked_reason"] | null;
          "successor_key_id"?: string | null;
          "successor_salt"?: string | null;
          "superseded_refresh_token_hash"?: string | null;
          "user_agent"?: string | null;
          "user_id"?: string;
        };
        Relationships: [];
      };
    };
    Views: {
      [_ in never]: never;
    };
    Functions: {
      "announce_password_change": {
        Args: { "p_identity_session_id": string; "p_session_id": string; "p_user_id": string };
        Returns: undefined;
      };
      "check_access_token_hook": { Args: { "p_hook": string }; Returns: boolean };
      "check_login_allowed": {
        Args: {
          "p_buckets": (string)[];
          "p_forgive_seconds": (number)[];
          "p_free_failures": (number)[];
          "p_max_delay_seconds": (number)[];
          "p_right_password_burst"?: number;
          "p_right_password_interval_seconds"?: number;
        };
        Returns: Record<string, unknown>;
      };
      "claim_sign_in": { Args: { "p_claim": string; "p_keep_seconds": number }; Returns: boolean };
      "create_session": {
        Args: {
          "p_aal": string;
          "p_amr": Json;
          "p_context": Database["public"]["CompositeTypes"]["request_context"];
          "p_device_name": string;
          "p_identity_session_id": string;
          "p_key_thumbprint": string;
          "p_lineage": string;
          "p_login_buckets": (string)[];
          "p_login_charged_at": string;
          "p_policy": Database["public"]["CompositeTypes"]["session_policy"];
          "p_presented": Database["public"]["CompositeTypes"]["presented_refresh_token"];
          "p_refresh_token_hash": string;
          "p_session_id": string;
          "p_token_policy"?: Database["public"]["CompositeTypes"]["access_token_policy"];
          "p_user_id": string;
        };
        Returns: Record<string, unknown>;
      };
      "database_is_read_only": { Args: Record<PropertyKey, never>; Returns: boolean };
      "list_user_sessions": {
        Args: {
          "p_acting": Database["public"]["CompositeTypes"]["token_place"];
          "p_context": Database["public"]["CompositeTypes"]["request_context"];
        };
        Returns: Record<string, unknown>;
      };
      "purge_sessions": {
        Args: {
          "p_batch_size"?: number;
          "p_event_retention_seconds"?: number;
          "p_tombstone_seconds"?: number;
        };
        Returns: Record<string, unknown>;
      };
      "record_login_failure": {
        Args: {
          "p_buckets": (string)[];
          "p_context": Database["public"]["CompositeTypes"]["request_context"];
          "p_reason": string;
          "p_refunded_charge": string;
          "p_right_password_interval_seconds"?: number;
        };
        Returns: undefined;
      };
      "release_sign_in": { Args: { "p_claim": string }; Returns: undefined };
      "revoke_session": {
        Args: {
          "p_access"?: Database["public"]["CompositeTypes"]["token_place"];
          "p_acting"?: Database["public"]["CompositeTypes"]["token_place"];
          "p_context": Database["public"]["CompositeTypes"]["request_context"];
          "p_policy"?: Database["public"]["CompositeTypes"]["session_policy"];
          "p_presented"?: Database["public"]["CompositeTypes"]["presented_refresh_token"];
          "p_proof"?: Database["public"]["CompositeTypes"]["presented_proof"];
          "p_reason": Database["public"]["Enums"]["session_revoked_reason"];
          "p_session_id": string;
        };
        Returns: Record<string, unknown>;
      };
      "revoke_user_sessions": {
        Args: {
          "p_acting"?: Database["public"]["CompositeTypes"]["token_place"];
          "p_context": Database["public"]["CompositeTypes"]["request_context"];
          "p_policy"?: Database["public"]["CompositeTypes"]["session_policy"];
          "p_presented"?: Database["public"]["CompositeTypes"]["presented_refresh_token"];
          "p_proof"?: Database["public"]["CompositeTypes"]["presented_proof"];
          "p_scope": Database["public"]["Enums"]["logout_scope"];
          "p_user_id"?: string;
        };
        Returns: Record<string, unknown>;
      };
      "rotate_session": {
        Args: {
          "p_context": Database["public"]["CompositeTypes"]["request_context"];
          "p_event": Database["public"]["Enums"]["session_event"];
          "p_policy": Database["public"]["CompositeTypes"]["session_policy"];
          "p_presented": Database["public"]["CompositeTypes"]["presented_refresh_token"];
          "p_proof": Database["public"]["CompositeTypes"]["presented_proof"];
          "p_successor": Database["public"]["CompositeTypes"]["proposed_successor"];
          "p_token_policy"?: Database["public"]["CompositeTypes"]["access_token_policy"];
        };
        Returns: Record<string, unknown>;
      };
      "session_is_live": { Args: Record<PropertyKey, never>; Returns: boolean };
      "unified_auth_last_migration": { Args: Record<PropertyKey, never>; Returns: number };
      "unified_auth_recall_answer": { Args: { "p_request": string }; Returns: string };
      "unified_auth_remember_answer": {
        Args: { "p_answer": string; "p_keep_seconds": number; "p_request": string };
        Returns: undefined;
      };
      "unified_auth_validate_sessions": {
        Args: {
          "p_policy": Database["public"]["CompositeTypes"]["session_policy"];
          "p_validations": (Database["public"]["CompositeTypes"]["unified_auth_validation"])[];
        };
        Returns: Json;
      };
      "validate_session": {
        Args: {
          "p_branch": number;
          "p_context": Database["public"]["CompositeTypes"]["request_context"];
          "p_generation": number;
          "p_may_confirm": boolean;
          "p_policy": Database["public"]["CompositeTypes"]["session_policy"];
          "p_session_id": string;
        };
        Returns: Record<string, unknown>;
      };
    };
    Enums: {
      "login_outcome":
        | "created"
        | "user_not_found"
        | "user_banned"
        | "role_not_allowed"
        | "hook_refused";
      "logout_scope": "local" | "others" | "global";
      "revocation_outcome":
        | "ended"
        | "already_ended"
        | "not_found"
        | "not_allowed"
        | "stale"
        | "proof_required"
        | "proof_key_unknown"
        | "reused";
      "rotation_outcome":
        | "unchanged"
        | "rotated"
        | "replayed"
        | "reissued"
        | "throttled"
        | "successor_wanted"
        | "proof_required"
        | "proof_key_unknown"
        | "reused"
        | "unknown_generation"
        | "key_compromise_suspected"
        | "revoked"
        | "evicted"
        | "expired"
        | "not_found"
        | "banned"
        | "role_not_allowed"
        | "hook_refused";
      "session_event":
        | "login"
        | "login_failed"
        | "refresh"
        | "auto_refresh"
        | "replay"
        | "reissue"
        | "rebound"
        | "proof_refused"
        | "reuse_detected"
        | "key_compromise_suspected"
        | "evicted"
        | "replaced"
        | "logout"
        | "revoked"
        | "used_after_revocation"
        | "expired_purged"
        | "purged";
      "session_revoked_reason":
        | "logout"
        | "logout_others"
        | "logout_global"
        | "revoked_by_user"
        | "revoked_by_operator"
        | "replaced"
        | "evicted"
        | "reused"
        | "banned"
        | "user_deleted"
        | "password_changed";
      "validation_outcome":
        | "active"
        | "stale"
        | "reused"
        | "revoked"
        | "evicted"
        | "expired"
        | "not_found"
        | "banned";
    };
    CompositeTypes: {
      "access_token_policy": {
        "issuer": string | null;
        "allowed_roles": (string)[] | null;
        "hook": string | null;
      };
      "listed_session": {
        "id": string | null;
        "created_at": string | null;
        "last_active_at": string | null;
        "device_name": string | null;
        "user_agent": string | null;
        "ip": unknown;
        "aal": string | null;
      };
      "presented_proof": {
        "thumbprint": string | null;
        "session_id": string | null;
        "generation": number | null;
        "branch": number | null;
        "challenged_at": string | null;
      };
      "presented_refresh_token": {
        "session_id": string | null;
        "generation": number | null;
        "branch": number | null;
        "hash": string | null;
        "key": string | null;
        "lineage": string | null;
      };
      "proposed_successor": {
        "generation": number | null;
        "branch": number | null;
        "hash": string | null;
        "lineage": string | null;
        "salt": string | null;
        "key_id": string | null;
      };
      "request_context": {
        "ip": unknown;
        "user_agent": string | null;
        "request_id": string | null;
      };
      "session_policy": {
        "access_ttl_seconds": number | null;
        "refresh_ttl_seconds": number | null;
        "absolute_ttl_seconds": number | null;
        "reuse_interval_seconds": number | null;
        "refresh_burst": number | null;
        "refresh_interval_seconds": number | null;
        "max_sessions": number | null;
        "activity_interval_seconds": number | null;
        "right_password_interval_seconds": number | null;
        "rebind_after_seconds": number | null;
      };
      "session_snapshot": {
        "session_id": string | null;
        "user_id": string | null;
        "email": string | null;
        "phone": string | null;
        "role": string | null;
        "is_anonymous": boolean | null;
        "app_metadata": Json | null;
        "user_metadata": Json | null;
        "user_metadata_omitted": boolean | null;
        "generation": number | null;
        "branch": number | null;
        "created_at": string | null;
        "last_active_at": string | null;
        "access_token_expires_at": string | null;
        "refresh_token_expires_at": string | null;
        "aal": string | null;
        "amr": Json | null;
        "key_thumbprint": string | null;
        "added_claims": Json | null;
      };
      "token_place": {
        "session_id": string | null;
        "generation": number | null;
        "branch": number | null;
      };
      "unified_auth_validation": {
        "number": number | null;
        "session_id": string | null;
        "generation": number | null;
        "branch": number | null;
        "may_confirm": boolean | null;
        "context": Database["public"]["CompositeTypes"]["request_context"] | null;
      };
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Insert: infer I;
    } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Update: infer U;
    } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][
    CompositeTypeName
  ]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {
      "login_outcome": [
        "created",
        "user_not_found",
        "user_banned",
        "role_not_allowed",
        "hook_refused",
      ],
      "logout_scope": ["local", "others", "global"],
      "revocation_outcome": [
        "ended",
        "already_ended",
        "not_found",
        "not_allowed",
        "stale",
        "proof_required",
        "proof_key_unknown",
        "reused",
      ],
      "rotation_outcome": [
        "unchanged",
        "rotated",
        "replayed",
        "reissued",
        "throttled",
        "successor_wanted",
        "proof_required",
        "proof_key_unknown",
        "reused",
        "unknown_generation",
        "key_compromise_suspected",
        "revoked",
        "evicted",
        "expired",
        "not_found",
        "banned",
        "role_not_allowed",
        "hook_refused",
      ],
      "session_event": [
        "login",
        "login_failed",
        "refresh",
        "auto_refresh",
        "replay",
        "reissue",
        "rebound",
        "proof_refused",
        "reuse_detected",
        "key_compromise_suspected",
        "evicted",
        "replaced",
        "logout",
        "revoked",
        "used_after_revocation",
        "expired_purged",
        "purged",
      ],
      "session_revoked_reason": [
        "logout",
        "logout_others",
        "logout_global",
        "revoked_by_user",
        "revoked_by_operator",
        "replaced",
        "evicted",
        "reused",
        "banned",
        "user_deleted",
        "password_changed",
      ],
      "validation_outcome": [
        "active",
        "stale",
        "reused",
        "revoked",
        "evicted",
        "expired",
        "not_found",
        "banned",
      ],
    },
  },
} as const;
