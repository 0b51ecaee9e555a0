# The application whose release is watched: green serves, and blue is what it goes back to.
# What stands there at first begins no release, so one is asked for.
set -e
sed 's/APP/way/g; s/READY/true/' pair.yaml | kubectl apply -f - --as=ada
for color in blue green; do
  kubectl rollout status "deployment/way-$color" --timeout=150s
done
kubectl apply -f released.yaml
kubectl wait bluegreen/way --for=jsonpath='{.status.phase}'=Idle --timeout=150s
kubectl annotate bluegreen/way tealgate.dev/release-requested=now
kubectl wait bluegreen/way --for=jsonpath='{.status.phase}'=Watching --timeout=150s
kubectl create -f go-admin.yaml
# Until tealgate knows of it where it judges.
until kubectl delete deployment way-blue --dry-run=server 2>&1 | grep rollback-target; do sleep 1; done
