# What was there before the namespace got its mode, and who may do what in it.
set -e
kubectl apply -f legacy.yaml -f before-service.yaml -f before.yaml -f other.yaml
kubectl create rolebinding on-call --clusterrole=tealgate-break-glass --user=grace
kubectl apply -f loosen.yaml
kubectl create rolebinding loosen --role=loosen --user=chief
kubectl create clusterrole "$NS-editor" --verb=get,update,patch --resource=namespaces,namespaces/status,namespaces/finalize
kubectl create clusterrolebinding "$NS-editor" --clusterrole="$NS-editor" --user=platform --user=chief
kubectl create rolebinding testers --clusterrole=tealgate-tester --user=tester
kubectl create rolebinding operators --clusterrole=tealgate-operator --user=operator
