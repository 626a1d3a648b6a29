{{/* The release that this chart rolls out. */}}
{{- define "release" -}}
{{ .Values.release | default .Chart.AppVersion }}
{{- end }}

{{/* Labels of everything that migrates: (dict "root" $ "component" "expand"). */}}
{{- define "migrate.labels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}-migrations
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/version: {{ include "release" .root | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{/* The rest of a Job: (dict "root" $ "component" "expand" "args" (list "apply" …) "tries" 6 "grace" 120). */}}
{{- define "migrate.job" -}}
backoffLimit: {{ .tries }}
podFailurePolicy:
  rules:
    # Wrong configuration, findings, a conflict of histories: no second try mends that.
    - action: FailJob
      onExitCodes: { containerName: migrate, operator: In, values: [2, 3, 6] }
    # A node that goes away is not a failure of the migration.
    - action: Ignore
      onPodConditions: [{ type: DisruptionTarget, status: "True" }]
    # A lock, a lease or a connection was not to be had: worth another try.
    - action: Count
      onExitCodes: { containerName: migrate, operator: In, values: [75] }
template:
  metadata:
    labels: {{- include "migrate.labels" . | nindent 6 }}
  spec:
    restartPolicy: Never
    automountServiceAccountToken: false
    terminationGracePeriodSeconds: {{ .grace }}
    securityContext:
      runAsNonRoot: true
      runAsUser: 65532
      runAsGroup: 65532
      seccompProfile: { type: RuntimeDefault }
    containers:
      - name: migrate
        image: "{{ .root.Values.migrations.repository }}:{{ include "release" .root }}"
        imagePullPolicy: {{ .root.Values.image.pullPolicy }}
        args: {{ .args | toJson }}
        env:
          - name: MIGRATE_DATABASE_URL
            valueFrom:
              secretKeyRef: { name: {{ .root.Values.database.secretName | quote }}, key: {{ .root.Values.database.secretKey | quote }} }
          - name: MIGRATE_ACTOR
            value: {{ printf "helm@%s" .root.Release.Name | quote }}
        resources: {{- toYaml .root.Values.migrations.resources | nindent 10 }}
        securityContext: {{- include "migrate.locked" . | nindent 10 }}
{{- end }}

{{/* What no container here needs. */}}
{{- define "migrate.locked" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
