package desk

import "github.com/tealgate/tealgate/internal/policy"

// reportWords are what a report says by itself. Phases, outcomes, verdicts and what was
// said or measured stay as the cluster has them.
type reportWords struct {
	colon, dash, by                                                                string
	title, underway, shortened, unrecorded, automatic, nobody, versioned           string
	from, to, deployedBy, decidedBy, began, switched, restored, ended, took        string
	notes, checklist, decisions, timings, signals, figures, move, moveBack         string
	stepDeployed, stepVerified, stepDecided, stepSwitched, stepWatched, stepSignal string
	stepRolledBack, stepRetired, stepJob, stepCheck                                string
	decisionTitles, timingTitles, signalTitles                                     []string
	frequency, everySoOften, leadTime, failureRate, share, restoreTime             string
}

var reportPhrases = map[policy.Language]reportWords{
	policy.English: {
		colon: ": ", dash: " - ", by: "%s, %s",
		title: "Release %s: %s/%s %s", underway: "On its way: %s", shortened: "Of a release that another one followed, only what stands here is kept.",
		unrecorded: "not recorded", automatic: "nobody: approval is automatic", nobody: "nobody", versioned: "%s on %s",
		from: "From", to: "To", deployedBy: "Deployed by", decidedBy: "Go by", began: "Began", switched: "Traffic switched", restored: "Traffic restored",
		ended: "Ended", took: "Took",
		notes: "Release notes", checklist: "Checklist", decisions: "Decisions", timings: "Timings", signals: "Signals", figures: "Figures of the releases so far, as far as they are kept (%d)",
		move: "Switch: from the order to the last endpoint", moveBack: "Way back: from the order to the last endpoint",
		stepDeployed: "%s complete with %s", stepVerified: "verified", stepDecided: "Go", stepSwitched: "all endpoints are %s",
		stepWatched: "watched for %s", stepSignal: "signal %s", stepRolledBack: "rolled back: all endpoints are %s again", stepRetired: "%s retired",
		stepJob: "job %s (%s)", stepCheck: "check %s",
		decisionTitles: []string{"When", "Who", "Verdict", "Reason"}, timingTitles: []string{"Phase", "Began", "Took"},
		signalTitles: []string{"Signal", "Limit", "Before the switch", "Last", "Samples", "Verdict"},
		frequency:    "Deployment frequency", everySoOften: "%d switches in %s, one every %s", leadTime: "Lead time, from the start of a release to the switch, median",
		failureRate: "Change failure rate", share: "%d of %d switches rolled back (%d %%)", restoreTime: "Time to restore, from the switch to the rollback, median",
	},
	policy.Chinese: {
		colon: "：", dash: "，", by: "%s，%s",
		title: "发布 %s：%s/%s %s", underway: "进行中：%s", shortened: "之后已有新的发布，这次发布只保留了以下内容。",
		unrecorded: "没有记录", automatic: "无人：自动批准", nobody: "无人", versioned: "%s（%s）",
		from: "从", to: "到", deployedBy: "部署人", decidedBy: "Go 决策人", began: "开始", switched: "流量切换完成", restored: "流量恢复完成",
		ended: "结束", took: "总时长",
		notes: "发布说明", checklist: "发布检查清单", decisions: "决策", timings: "用时", signals: "监控指标", figures: "发布指标（保留的最近 %d 次）",
		move: "切换：从下令到最后一个 endpoint", moveBack: "回滚：从下令到最后一个 endpoint",
		stepDeployed: "%s 部署完成，版本 %s", stepVerified: "验证通过", stepDecided: "Go", stepSwitched: "全部 endpoint 都是 %s",
		stepWatched: "观察 %s", stepSignal: "指标 %s", stepRolledBack: "已回滚：全部 endpoint 又是 %s", stepRetired: "%s 已清理",
		stepJob: "任务 %s（%s）", stepCheck: "检查项 %s",
		decisionTitles: []string{"时间", "谁", "决策", "理由"}, timingTitles: []string{"阶段", "开始", "用时"},
		signalTitles: []string{"指标", "上限", "切换前", "最近一次", "样本数", "结论"},
		frequency:    "部署频率", everySoOften: "%[2]s 内切换 %[1]d 次，平均每 %[3]s 一次", leadTime: "前置时间（从发布开始到切换），中位数",
		failureRate: "变更失败率", share: "%[2]d 次切换中回滚 %[1]d 次（%[3]d %%）", restoreTime: "恢复时间（从切换到回滚完成），中位数",
	},
}
