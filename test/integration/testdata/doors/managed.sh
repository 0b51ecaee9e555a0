# The application that a BlueGreen manages. Its live color has been rolled out once, so that
# there is something to undo. No release begins: what stands there at first is the start.
set -e
sed 's/APP/bg/g; s/READY/true/' pair.yaml | kubectl apply -f - --as=ada
kubectl rollout status deployment/bg-blue --timeout=150s
kubectl set image deployment/bg-blue web=shop/web:1.4.1 --as=ada
kubectl label service bg managed=yes
for color in blue green; do
  kubectl rollout status "deployment/bg-$color" --timeout=150s
done
kubectl apply -f managed.yaml
# Until tealgate knows of it.
until kubectl delete service bg --dry-run=server 2>&1 | grep live-color-protected; do sleep 1; done
